/* redis_tls.c: OpenSSL over a socket that never waits and raises no SIGPIPE.
 *
 *	redis_wire -> SSL_write -> our BIO -> send(MSG_NOSIGNAL)
 *
 * OpenSSL says by SSL_get_error() whether it waits to read or to write; what it waits for is kept
 * for poll. Reference: OpenSSL 3.0 manual, SSL_get_error(3), SSL_set1_host(3), BIO_meth_new(3). */
#include "sensor/redis_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_MAX 16384 /* one record: a repeated write is then never shorter than the first */

struct redis_tls {
	SSL_CTX *context;
	BIO_METHOD *method;
};

struct redis_tls_session {
	SSL *ssl;
	int fd;
	bool wants_write; /* besides what there is to send */
	bool is_heard;    /* something came after the handshake */
	bool is_broken;   /* nothing more may be said, no farewell either */
	char host[256];
};

/* --- the socket below ----------------------------------------------------------------------- */

static int pass_on(BIO *bio, ssize_t len)
{
	BIO_clear_retry_flags(bio);
	return len < 0 ? -1 : (int)len;
}

static int socket_write(BIO *bio, const char *bytes, int len)
{
	const struct redis_tls_session *session = BIO_get_data(bio);
	ssize_t sent = send(session->fd, bytes, (size_t)len, MSG_NOSIGNAL);
	bool is_later = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
	int result = pass_on(bio, sent);

	if (is_later)
		BIO_set_retry_write(bio);
	return result;
}

static int socket_read(BIO *bio, char *bytes, int size)
{
	const struct redis_tls_session *session = BIO_get_data(bio);
	ssize_t len = recv(session->fd, bytes, (size_t)size, 0);
	bool is_later = len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
	int result = pass_on(bio, len);

	if (is_later)
		BIO_set_retry_read(bio);
	return result;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *make_method(void)
{
	int index = BIO_get_new_index();
	BIO_METHOD *method;

	if (index < 0)
		return NULL;
	method = BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "redis socket");
	if (method == NULL)
		return NULL;
	if (BIO_meth_set_write(method, socket_write) == 1 &&
	    BIO_meth_set_read(method, socket_read) == 1 &&
	    BIO_meth_set_ctrl(method, socket_control) == 1)
		return method;
	BIO_meth_free(method);
	return NULL;
}

/* --- the context ---------------------------------------------------------------------------- */

static const char *last_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	if (ERR_SYSTEM_ERROR(code))
		reason = strerror(ERR_GET_REASON(code));
	return reason != NULL ? reason : "unknown reason";
}

/* The reason that names the cause is the first one: those after it say who was told. */
static const char *first_reason(void)
{
	unsigned long code = ERR_peek_error();
	const char *reason;

	if (code == 0)
		return "unknown reason";
	if (ERR_SYSTEM_ERROR(code))
		return strerror(ERR_GET_REASON(code));
	reason = ERR_reason_error_string(code);
	return reason != NULL ? reason : "unknown reason";
}

static bool refuse(char error[REDIS_WIRE_ERROR_TEXT], const char *option, const char *path)
{
	(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "%s: %.120s: %.100s", option, path,
		       first_reason());
	return false;
}

/* No terminal is asked for a pass phrase. */
static int no_pass_phrase(char *out, int size, int is_writing, void *ctx)
{
	(void)is_writing;
	(void)ctx;
	if (size > 0)
		out[0] = '\0';
	return -1;
}

static bool load_authorities(SSL_CTX *context, const char *path, char error[REDIS_WIRE_ERROR_TEXT])
{
	if (path == NULL) {
		if (SSL_CTX_set_default_verify_paths(context) == 1)
			return true;
		return refuse(error, "redis-ca", "the system's authorities");
	}
	if (SSL_CTX_load_verify_file(context, path) == 1)
		return true;
	return refuse(error, "redis-ca", path);
}

static bool load_identity(SSL_CTX *context, const struct redis_tls_files *files,
			  char error[REDIS_WIRE_ERROR_TEXT])
{
	const char *key = files->key != NULL ? files->key : files->cert;

	if (files->cert == NULL)
		return true;
	if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
		return refuse(error, "redis-cert", files->cert);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return refuse(error, "redis-key", key);
	return true;
}

static bool configure(struct redis_tls *self, const struct redis_tls_files *files,
		      char error[REDIS_WIRE_ERROR_TEXT])
{
	(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "out of memory for TLS");
	self->method = make_method();
	self->context = SSL_CTX_new(TLS_client_method());
	if (self->method == NULL || self->context == NULL ||
	    SSL_CTX_set_min_proto_version(self->context, TLS1_2_VERSION) != 1)
		return false;
	SSL_CTX_set_verify(self->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_passwd_cb(self->context, no_pass_phrase);
	(void)SSL_CTX_set_mode(self->context,
			       SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return load_authorities(self->context, files->ca, error) &&
	       load_identity(self->context, files, error);
}

struct redis_tls *redis_tls_new(const struct redis_tls_files *files,
				char error[REDIS_WIRE_ERROR_TEXT])
{
	struct redis_tls *self = calloc(1, sizeof(*self));

	ERR_clear_error();
	if (self == NULL) {
		(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "out of memory for TLS");
		return NULL;
	}
	if (configure(self, files, error)) {
		error[0] = '\0';
		return self;
	}
	ERR_clear_error();
	redis_tls_free(self);
	return NULL;
}

void redis_tls_free(struct redis_tls *self)
{
	if (self == NULL)
		return;
	SSL_CTX_free(self->context);
	BIO_meth_free(self->method);
	free(self);
}

/* --- a session ------------------------------------------------------------------------------ */

/* An address is looked for among the IP names, and never sent as server name (RFC 6066, 3). */
static bool expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct redis_tls_session *redis_tls_begin(const struct redis_tls *self, int fd, const char *host)
{
	struct redis_tls_session *session = calloc(1, sizeof(*session));
	BIO *bio;

	if (session == NULL)
		return NULL;
	session->fd = fd;
	(void)snprintf(session->host, sizeof(session->host), "%s", host);
	session->ssl = SSL_new(self->context);
	bio = BIO_new(self->method);
	if (session->ssl == NULL || bio == NULL || !expect_host(session->ssl, host)) {
		BIO_free(bio);
		session->is_broken = true;
		redis_tls_end(session);
		return NULL;
	}
	BIO_set_data(bio, session);
	BIO_set_init(bio, 1);
	SSL_set_bio(session->ssl, bio, bio);
	SSL_set_connect_state(session->ssl);
	return session;
}

void redis_tls_end(struct redis_tls_session *session)
{
	if (session == NULL)
		return;
	if (!session->is_broken && SSL_is_init_finished(session->ssl))
		(void)SSL_shutdown(session->ssl); /* says farewell, and does not wait for theirs */
	ERR_clear_error();
	SSL_free(session->ssl);
	free(session);
}

/* Which check of the certificate failed, in words that help. */
static void explain_certificate(const struct redis_tls_session *session, long verdict,
				char error[REDIS_WIRE_ERROR_TEXT])
{
	const char *hint = "";

	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
		(void)snprintf(error, REDIS_WIRE_ERROR_TEXT,
			       "TLS: the server's certificate is not for %.120s", session->host);
		return;
	}
	if (verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	    verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	    verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
	    verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
		hint = " (its authority is not trusted: redis-ca)";
	(void)snprintf(error, REDIS_WIRE_ERROR_TEXT,
		       "TLS: the server's certificate is refused: %.100s%s",
		       X509_verify_cert_error_string(verdict), hint);
}

static void explain(const struct redis_tls_session *session, const char *when,
		    char error[REDIS_WIRE_ERROR_TEXT])
{
	unsigned long code = ERR_peek_error();
	long verdict = SSL_get_verify_result(session->ssl);
	const char *hint = "";

	if (verdict != X509_V_OK) {
		explain_certificate(session, verdict, error);
		return;
	}
	if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		hint = " (does this port speak TLS?)";
	else if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
		 (ERR_GET_REASON(code) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED ||
		  ERR_GET_REASON(code) == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE))
		hint = " (the server wants a certificate: redis-cert)";
	(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "TLS: %s: %.120s%s", when, last_reason(),
		       hint);
}

/* A server that refuses our certificate, or wants one, may close before its reason is on the way.
 */
static const char *hint_at_loss(const struct redis_tls_session *session)
{
	if (session->is_heard || !SSL_is_init_finished(session->ssl))
		return "";
	return " right after the TLS handshake (does the server want another certificate: "
	       "redis-cert?)";
}

/* What a call that did not succeed means: -EAGAIN, or the session is over. */
static int judge(struct redis_tls_session *session, int result, int saved_errno, const char *when,
		 char error[REDIS_WIRE_ERROR_TEXT])
{
	int kind = SSL_get_error(session->ssl, result);

	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
		session->wants_write = kind == SSL_ERROR_WANT_WRITE;
		return -EAGAIN;
	}
	session->is_broken = true;
	if (kind == SSL_ERROR_SSL &&
	    ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		explain(session, when, error);
		return -EPROTO;
	}
	if (kind == SSL_ERROR_SYSCALL && saved_errno != 0) {
		(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "%s: %s%s", when,
			       strerror(saved_errno), hint_at_loss(session));
		return -saved_errno;
	}
	(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "%s: closed by the server%s", when,
		       hint_at_loss(session));
	return -ECONNRESET;
}

int redis_tls_handshake(struct redis_tls_session *session, char error[REDIS_WIRE_ERROR_TEXT])
{
	int result;

	if (SSL_is_init_finished(session->ssl))
		return 0;
	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(session->ssl);
	session->wants_write = false;
	return result == 1 ? 0 : judge(session, result, errno, "no TLS connection", error);
}

ssize_t redis_tls_send(struct redis_tls_session *session, const char *bytes, size_t len,
		       char error[REDIS_WIRE_ERROR_TEXT])
{
	size_t sent = 0;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_write_ex(session->ssl, bytes, len > WRITE_MAX ? WRITE_MAX : len, &sent);
	session->wants_write = false;
	return result == 1 ? (ssize_t)sent
			   : judge(session, result, errno, "connection lost", error);
}

ssize_t redis_tls_receive(struct redis_tls_session *session, char *bytes, size_t size,
			  char error[REDIS_WIRE_ERROR_TEXT])
{
	size_t len = 0;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_read_ex(session->ssl, bytes, size, &len);
	session->wants_write = false;
	session->is_heard = session->is_heard || result == 1;
	return result == 1 ? (ssize_t)len : judge(session, result, errno, "connection lost", error);
}

short redis_tls_wants(const struct redis_tls_session *session, bool has_output)
{
	bool is_ready = SSL_is_init_finished(session->ssl);

	if (session->wants_write || (is_ready && has_output))
		return POLLIN | POLLOUT;
	return POLLIN;
}
