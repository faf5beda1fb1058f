/* fuzz_opening.c: any first bytes of a client as a request and as a TLS flight, whole and cut at a
 * place that the last byte says. What is given lies in the input or in the scratch; what was said
 * of the beginning holds for all of it. */
#include <stdlib.h>

#include "protocols/http_host.h"
#include "protocols/tls_flight.h"
#include "protocols/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A copy that a read past the end is seen in. */
static uint8_t *copy_of(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	require(copy != NULL);
	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

static bool is_within(struct slice part, const uint8_t *bytes, size_t size)
{
	return part.ptr >= bytes && part.len <= size &&
	       (size_t)(part.ptr - bytes) <= size - part.len;
}

static enum http_host read_host(struct slice bytes, size_t *len)
{
	struct slice host;
	enum http_host result = http_host_read(bytes, &host);

	require(result == HTTP_HOST_NONE || http_host_may_begin(bytes));
	require((result == HTTP_HOST_FOUND) == (host.len > 0));
	require(host.len == 0 || is_within(host, bytes.ptr, bytes.len));
	for (size_t i = 0; i < host.len; i++)
		require(host.ptr[i] != '\n' && host.ptr[i] != ' ' && host.ptr[i] != '/');
	*len = host.len;
	return result;
}

static enum tls_flight read_flight(struct slice bytes, size_t *len)
{
	uint8_t *scratch = malloc(TLS_FLIGHT_BYTES);
	struct tls_hello hello;
	struct slice body;

	require(scratch != NULL);
	enum tls_flight result = tls_flight_read(bytes, scratch, &body);

	require(result != TLS_FLIGHT_NONE || body.len == 0);
	require(body.len == 0 || is_within(body, bytes.ptr, bytes.len) ||
		is_within(body, scratch, TLS_FLIGHT_BYTES));
	if (tls_hello_read(body, result != TLS_FLIGHT_WHOLE, &hello)) {
		require(memchr(hello.sni, '\0', sizeof(hello.sni)) != NULL);
		require(memchr(hello.alpn, '\0', sizeof(hello.alpn)) != NULL);
		require(result == TLS_FLIGHT_WHOLE || hello.is_cut);
	}
	free(scratch);
	*len = body.len;
	return result;
}

/* The beginning says less, or the same. */
static void check(struct slice part, struct slice whole)
{
	size_t len[2];
	enum http_host host = read_host(part, &len[0]);

	require(read_host(whole, &len[1]) == host || host == HTTP_HOST_MORE);
	require(host != HTTP_HOST_FOUND || len[0] == len[1]);

	enum tls_flight flight = read_flight(part, &len[0]);

	require(read_flight(whole, &len[1]) == flight || flight == TLS_FLIGHT_MORE);
	require(flight != TLS_FLIGHT_WHOLE || len[0] == len[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	size_t cut = size == 0 ? 0 : size * bytes[size - 1] / 256;
	uint8_t *whole = copy_of(bytes, size);
	uint8_t *part = copy_of(bytes, cut);

	check(slice_of(part, cut), slice_of(whole, size));
	free(part);
	free(whole);
	return 0;
}
