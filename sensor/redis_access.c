/* redis_access.c: reads URL, secrets and certificates. */
#include "sensor/redis_access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/slice.h"

static int read_variable(const char *name, char *out, size_t size,
			 char error[REDIS_ACCESS_ERROR_TEXT])
{
	const char *value = getenv(name);

	if (value == NULL || value[0] == '\0')
		return 0;
	if (strlen(value) >= size) {
		(void)snprintf(error, REDIS_ACCESS_ERROR_TEXT, "%s is longer than %zu bytes", name,
			       size - 1);
		return -E2BIG;
	}
	slice_copy(slice_str(value), out, size);
	return 0;
}

static int read_secrets(struct redis_url *url, const char *password_file,
			char error[REDIS_ACCESS_ERROR_TEXT])
{
	int result = read_variable("MINECANARY_REDIS_USER", url->user, sizeof(url->user), error);

	if (result < 0)
		return result;
	if (password_file == NULL)
		return read_variable("MINECANARY_REDIS_PASSWORD", url->password,
				     sizeof(url->password), error);
	result = redis_url_read_password(url, password_file);
	if (result < 0)
		(void)snprintf(error, REDIS_ACCESS_ERROR_TEXT, "redis-password-file: %.256s: %s",
			       password_file,
			       result == -ENODATA ? "holds no password" : strerror(-result));
	return result;
}

static int read_certificates(struct redis_access *self, const struct redis_tls_files *files,
			     char error[REDIS_ACCESS_ERROR_TEXT])
{
	char why[REDIS_WIRE_ERROR_TEXT];

	if (!self->url.is_tls) {
		if (files->ca == NULL && files->cert == NULL)
			return 0;
		(void)snprintf(
			error, REDIS_ACCESS_ERROR_TEXT,
			"redis-ca and redis-cert are for rediss:// URLs: this one would send "
			"everything unencrypted");
		return -EINVAL;
	}
	self->tls = redis_tls_new(files, why);
	if (self->tls != NULL)
		return 0;
	(void)snprintf(error, REDIS_ACCESS_ERROR_TEXT, "%s", why);
	return -EINVAL;
}

int redis_access_load(struct redis_access *out, const struct redis_access_options *options,
		      char error[REDIS_ACCESS_ERROR_TEXT])
{
	char why[REDIS_URL_ERROR_TEXT];
	int result;

	error[0] = '\0';
	memset(out, 0, sizeof(*out));
	result = redis_url_parse(options->url, &out->url, why);
	if (result < 0)
		(void)snprintf(error, REDIS_ACCESS_ERROR_TEXT, "%s", why);
	if (result == 0)
		result = read_secrets(&out->url, options->password_file, error);
	if (result == 0)
		result = read_certificates(out, &options->files, error);
	if (result < 0)
		redis_access_clear(out);
	return result;
}

int redis_access_configure(struct redis_access *out, const struct config *config,
			   char error[REDIS_ACCESS_ERROR_TEXT])
{
	struct redis_access_options options = {
		.url = config->redis,
		.password_file = config->redis_password_file,
		.files = { .ca = config->redis_ca,
			   .cert = config->redis_cert,
			   .key = config->redis_key },
	};

	return redis_access_load(out, &options, error);
}

void redis_access_clear(struct redis_access *self)
{
	redis_tls_free(self->tls);
	explicit_bzero(self, sizeof(*self));
}
