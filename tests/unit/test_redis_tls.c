/* test_redis_tls.c: TLS over a socket that never waits, against a server inside the test, and the
 * files and variables that a connection needs. Certificates are made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/redis_access.h"

#define ROUNDS 5000
#define BULK   300000

static char folder[] = "/tmp/test_redis_tls.XXXXXX";
static char cert_path[64];
static char key_path[64];
static char other_path[64];
static X509 *cert;
static EVP_PKEY *key;

static SSL *server;
static int server_fd = -1;
static struct redis_tls *tls;
static struct redis_wire wire;

/* --- certificates --------------------------------------------------------------------------- */

static X509 *make_certificate(EVP_PKEY *own, const char *names)
{
	X509 *made = X509_new();
	X509_NAME *name = X509_get_subject_name(made);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	assert_non_null(extension);
	X509_set_version(made, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
	X509_gmtime_adj(X509_getm_notBefore(made), -3600);
	X509_gmtime_adj(X509_getm_notAfter(made), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
				   0);
	X509_set_issuer_name(made, name);
	X509_set_pubkey(made, own);
	X509_add_ext(made, extension, -1);
	X509_EXTENSION_free(extension);
	assert_true(X509_sign(made, own, EVP_sha256()) > 0);
	return made;
}

static void write_pem(char path[64], const char *name, X509 *one, EVP_PKEY *own)
{
	FILE *file;

	snprintf(path, 64, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	if (one != NULL)
		PEM_write_X509(file, one);
	if (own != NULL)
		PEM_write_PrivateKey(file, own, NULL, NULL, 0, NULL, NULL);
	fclose(file);
}

static int make_files(void **state)
{
	EVP_PKEY *stranger = EVP_EC_gen("P-256");
	X509 *other = make_certificate(stranger, "DNS:other.example.net");

	(void)state;
	signal(SIGPIPE, SIG_DFL); /* a wire must not raise it */
	assert_non_null(mkdtemp(folder));
	key = EVP_EC_gen("P-256");
	cert = make_certificate(key, "DNS:redis.example.net,IP:127.0.0.1");
	write_pem(cert_path, "cert.pem", cert, NULL);
	write_pem(key_path, "key.pem", NULL, key);
	write_pem(other_path, "other.pem", other, stranger);
	X509_free(other);
	EVP_PKEY_free(stranger);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(cert_path);
	unlink(key_path);
	unlink(other_path);
	X509_free(cert);
	EVP_PKEY_free(key);
	return rmdir(folder);
}

/* --- both sides ----------------------------------------------------------------------------- */

static void accept_wire(int listener)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate(context, cert);
	SSL_CTX_use_PrivateKey(context, key);
	server_fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(server_fd >= 0);
	server = SSL_new(context);
	SSL_CTX_free(context);
	SSL_set_fd(server, server_fd);
	SSL_set_accept_state(server);
}

/* The wire is connected; the handshake is not done. */
static void open_wire(const char *ca, const char *host)
{
	struct redis_tls_files files = { .ca = ca };
	struct redis_addresses addresses = { .count = 1 };
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char error[REDIS_WIRE_ERROR_TEXT];

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	memcpy(&addresses.items[0], &addr, sizeof(addr));
	addresses.lens[0] = sizeof(addr);
	tls = redis_tls_new(&files, error);
	if (tls == NULL)
		fail_msg("%s", error);
	redis_wire_init(&wire);
	assert_int_equal(redis_wire_open(&wire, &addresses, 0, tls, host), 0);
	accept_wire(listener);
	close(listener);
}

static int handshake(void)
{
	int result = -EAGAIN;

	for (int i = 0; i < ROUNDS && result == -EAGAIN; i++) {
		struct pollfd want = { .fd = wire.fd, .events = redis_wire_wants(&wire, false) };

		result = redis_wire_finish(&wire);
		(void)SSL_do_handshake(server);
		(void)poll(&want, 1, 1);
	}
	return result;
}

static int close_all(void **state)
{
	(void)state;
	redis_wire_close(&wire);
	redis_tls_free(tls);
	tls = NULL;
	SSL_free(server);
	server = NULL;
	if (server_fd >= 0)
		close(server_fd);
	server_fd = -1;
	return 0;
}

static void assert_refused(const char *ca, const char *host, const char *why)
{
	open_wire(ca, host);
	assert_int_equal(handshake(), -EPROTO);
	if (strstr(wire.error, why) == NULL)
		fail_msg("%s does not say %s", wire.error, why);
	close_all(NULL);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void names_of_the_certificate_are_accepted(void **state)
{
	static const char *const hosts[] = { "redis.example.net", "REDIS.example.net",
					     "127.0.0.1" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		open_wire(cert_path, hosts[i]);
		assert_int_equal(handshake(), 0);
		assert_int_equal(redis_wire_finish(&wire), 0);
		/* The name is sent, an address never is. */
		if (i < 2)
			assert_string_equal(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name),
					    hosts[i]);
		else
			assert_null(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name));
		close_all(NULL);
	}
}

static void other_certificates_are_refused(void **state)
{
	(void)state;
	assert_refused(cert_path, "example.net", "the server's certificate is not for example.net");
	assert_refused(cert_path, "127.0.0.2", "the server's certificate is not for 127.0.0.2");
	assert_refused(cert_path, "::1", "the server's certificate is not for ::1");
	assert_refused(cert_path, "test", "the server's certificate is not for test");
	assert_refused(other_path, "127.0.0.1", "its authority is not trusted");
	assert_refused(NULL, "127.0.0.1", "its authority is not trusted");
}

static void old_versions_are_refused(void **state)
{
	(void)state;
	open_wire(cert_path, "127.0.0.1");
	SSL_set_min_proto_version(server, TLS1_VERSION);
	SSL_set_max_proto_version(server, TLS1_1_VERSION);
	assert_int_equal(handshake(), -EPROTO);
	assert_non_null(strstr(wire.error, "version"));
}

static void what_is_no_tls_is_refused(void **state)
{
	(void)state;
	open_wire(cert_path, "127.0.0.1");
	assert_int_equal(send(server_fd, "-ERR unknown command\r\n", 22, 0), 22);
	assert_int_equal(handshake(), -EPROTO);
	assert_non_null(strstr(wire.error, "does this port speak TLS?"));
}

/* Far more than the socket takes: sent in pieces, with the rest offered again. */
static void much_goes_both_ways(void **state)
{
	static char out[BULK];
	static char in[BULK];
	size_t sent = 0;
	size_t got = 0;
	size_t back = 0;

	(void)state;
	for (size_t i = 0; i < BULK; i++)
		out[i] = (char)(i * 31 % 251);
	open_wire(cert_path, "127.0.0.1");
	assert_int_equal(handshake(), 0);
	for (int i = 0; i < ROUNDS && back < BULK; i++) {
		ssize_t n = redis_wire_send(&wire, out + sent, BULK - sent, false);
		int taken = got < BULK ? SSL_read(server, in + got, (int)(BULK - got)) : 0;

		assert_true(n >= 0 || n == -EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		got += taken > 0 ? (size_t)taken : 0;
		if (got == BULK && SSL_write(server, in, 16384) <= 0)
			continue;
		if (got == BULK) {
			static char echo[16384];

			do
				n = redis_wire_receive(&wire, echo, sizeof(echo));
			while (n == -EAGAIN);
			assert_true(n > 0);
			assert_memory_equal(echo, in, (size_t)n);
			back = BULK;
		}
	}
	assert_int_equal(back, BULK);
	assert_memory_equal(in, out, BULK);
}

static void nothing_to_read_is_said(void **state)
{
	char bytes[16];

	(void)state;
	open_wire(cert_path, "127.0.0.1");
	assert_int_equal(redis_wire_wants(&wire, true), POLLOUT); /* the socket connects first */
	assert_int_equal(handshake(), 0);
	assert_int_equal(redis_wire_receive(&wire, bytes, sizeof(bytes)), -EAGAIN);
	assert_int_equal(redis_wire_wants(&wire, false), POLLIN);
	assert_int_equal(redis_wire_wants(&wire, true), POLLIN | POLLOUT);
	assert_int_equal(redis_wire_send(&wire, bytes, 0, false), 0);
}

static ssize_t receive_end(void)
{
	char bytes[16];
	ssize_t len = -EAGAIN;

	for (int i = 0; i < ROUNDS && len == -EAGAIN; i++) {
		struct pollfd want = { .fd = wire.fd, .events = POLLIN };

		(void)poll(&want, 1, 1);
		len = redis_wire_receive(&wire, bytes, sizeof(bytes));
	}
	return len;
}

static void a_server_that_goes_is_noticed(void **state)
{
	(void)state;
	open_wire(cert_path, "127.0.0.1");
	assert_int_equal(handshake(), 0);
	SSL_shutdown(server); /* with a farewell */
	assert_int_equal(receive_end(), -ECONNRESET);
	assert_non_null(strstr(wire.error, "connection lost: closed by the server"));
	close_all(NULL);
	open_wire(cert_path, "127.0.0.1");
	assert_int_equal(handshake(), 0);
	close(server_fd); /* without */
	server_fd = -1;
	assert_int_equal(receive_end(), -ECONNRESET);
	assert_non_null(strstr(wire.error, "redis-cert?"));
}

/* No signal ends the process, which SIG_DFL would let it. */
static void writing_to_nobody_is_an_error(void **state)
{
	ssize_t sent = 1;

	(void)state;
	open_wire(cert_path, "127.0.0.1");
	assert_int_equal(handshake(), 0);
	close(server_fd);
	server_fd = -1;
	for (int i = 0; i < ROUNDS && sent > 0; i++)
		sent = redis_wire_send(&wire, "PING\r\n", 6, false);
	assert_true(sent < 0 && sent != -EAGAIN);
	assert_non_null(strstr(wire.error, "connection lost"));
}

static void assert_no_context(const char *ca, const char *own, const char *own_key, const char *why)
{
	struct redis_tls_files files = { .ca = ca, .cert = own, .key = own_key };
	char error[REDIS_WIRE_ERROR_TEXT];

	assert_null(redis_tls_new(&files, error));
	if (strncmp(error, why, strlen(why)) != 0)
		fail_msg("%s does not begin with %s", error, why);
}

static void bad_files_are_named(void **state)
{
	char want[200];

	(void)state;
	assert_no_context("/nonexistent/ca", NULL, NULL,
			  "redis-ca: /nonexistent/ca: No such file or directory");
	assert_no_context(NULL, "/nonexistent/cert", NULL,
			  "redis-cert: /nonexistent/cert: No such file or directory");
	snprintf(want, sizeof(want), "redis-ca: %s: ", key_path);
	assert_no_context(key_path, NULL, NULL, want);
	snprintf(want, sizeof(want), "redis-key: %s: ", cert_path);
	assert_no_context(NULL, cert_path, NULL, want); /* holds no key */
	snprintf(want, sizeof(want), "redis-key: %s: key values mismatch", other_path);
	assert_no_context(NULL, cert_path, other_path, want);
}

/* --- what the configuration gives ----------------------------------------------------------- */

static struct config config;
static char redis_url_text[128];

static int load(const char *url_text, struct redis_access *access,
		char error[REDIS_ACCESS_ERROR_TEXT])
{
	snprintf(redis_url_text, sizeof(redis_url_text), "%s", url_text);
	config.redis = redis_url_text;
	return redis_access_configure(access, &config, error);
}

static int clear_config(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	unsetenv("MINECANARY_REDIS_USER");
	unsetenv("MINECANARY_REDIS_PASSWORD");
	return 0;
}

static void the_nearest_secret_counts(void **state)
{
	struct redis_access access;
	char error[REDIS_ACCESS_ERROR_TEXT];

	(void)state;
	assert_int_equal(load("redis://u:p@h", &access, error), 0);
	assert_string_equal(access.url.user, "u");
	assert_string_equal(access.url.password, "p");
	assert_null(access.tls);
	redis_access_clear(&access);
	assert_string_equal(access.url.password, "");
	setenv("MINECANARY_REDIS_USER", "eu", 1);
	setenv("MINECANARY_REDIS_PASSWORD", "ep", 1);
	assert_int_equal(load("redis://u:p@h", &access, error), 0);
	assert_string_equal(access.url.user, "eu");
	assert_string_equal(access.url.password, "ep");
	config.redis_password_file = cert_path; /* its first line */
	assert_int_equal(load("redis://u:p@h", &access, error), 0);
	assert_string_equal(access.url.password, "-----BEGIN CERTIFICATE-----");
	setenv("MINECANARY_REDIS_USER", "", 1);
	assert_int_equal(load("redis://u@h", &access, error), 0);
	assert_string_equal(access.url.user, "u");
}

static void what_cannot_be_is_refused(void **state)
{
	struct redis_access access;
	char error[REDIS_ACCESS_ERROR_TEXT];
	char text[700];
	char missing[] = "/nonexistent/password";

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	setenv("MINECANARY_REDIS_PASSWORD", text, 1);
	assert_int_equal(load("redis://h", &access, error), -E2BIG);
	assert_string_equal(error, "MINECANARY_REDIS_PASSWORD is longer than 511 bytes");
	unsetenv("MINECANARY_REDIS_PASSWORD");
	config.redis_password_file = missing;
	assert_int_equal(load("redis://h", &access, error), -ENOENT);
	assert_string_equal(error, "redis-password-file: /nonexistent/password: No such file or "
				   "directory");
	config.redis_password_file = NULL;
	config.redis_ca = cert_path;
	assert_int_equal(load("redis://h", &access, error), -EINVAL);
	assert_non_null(strstr(error, "unencrypted"));
	assert_int_equal(load("rediss://h", &access, error), 0);
	assert_non_null(access.tls);
	redis_access_clear(&access);
	config.redis_ca = missing;
	assert_int_equal(load("rediss://h", &access, error), -EINVAL);
	assert_null(access.tls);
}

#define WIRE(test)   cmocka_unit_test_teardown(test, close_all)
#define ACCESS(test) cmocka_unit_test_setup_teardown(test, clear_config, clear_config)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE(names_of_the_certificate_are_accepted),
		WIRE(other_certificates_are_refused),
		WIRE(old_versions_are_refused),
		WIRE(what_is_no_tls_is_refused),
		WIRE(much_goes_both_ways),
		WIRE(nothing_to_read_is_said),
		WIRE(a_server_that_goes_is_noticed),
		WIRE(writing_to_nobody_is_an_error),
		cmocka_unit_test(bad_files_are_named),
		ACCESS(the_nearest_secret_counts),
		ACCESS(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
