/* inventory.c: leases sorted by (address, interface, start) while they are merged, then by
 * (address, start), and found by two binary searches. */
#include "sensor/inventory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LEASES 64
#define FITS_MAX     256 /* leases of one address that are weighed; networks share few addresses */

/* An address as bytes: texts of IPv6 addresses are many. */
struct address {
	uint8_t bytes[16];
	uint8_t version;
};

struct row {
	struct address address;
	struct lease lease;
};

struct inventory {
	struct row *rows;
	size_t count;
	size_t capacity;
	size_t max;
	uint64_t left_out;
	size_t nat_count;
	char nat[LIMIT_INVENTORY_NATS][LEASE_ADDRESS_TEXT];
};

static bool read_address(const char *text, struct address *out)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, out->bytes) == 1)
		out->version = 4;
	else if (inet_pton(AF_INET6, text, out->bytes) == 1)
		out->version = 6;
	return out->version != 0;
}

struct inventory *inventory_new(size_t max)
{
	struct inventory *self = calloc(1, sizeof(*self));

	if (self != NULL)
		self->max = max;
	return self;
}

void inventory_free(struct inventory *self)
{
	if (self == NULL)
		return;
	free(self->rows);
	free(self);
}

static int grow(struct inventory *self)
{
	size_t capacity = self->capacity == 0 ? FIRST_LEASES : self->capacity * 2;
	struct row *rows;

	if (self->count >= self->max)
		return -ENOSPC;
	if (self->count < self->capacity)
		return 0;
	if (capacity > self->max)
		capacity = self->max;
	rows = reallocarray(self->rows, capacity, sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	self->rows = rows;
	self->capacity = capacity;
	return 0;
}

int inventory_add(struct inventory *self, const struct lease *lease)
{
	struct address address;
	struct row *row;
	int error;

	if (!read_address(lease->ip, &address))
		return -EINVAL;
	error = grow(self);
	if (error < 0) {
		self->left_out += error == -ENOSPC;
		return error;
	}
	row = &self->rows[self->count++];
	memset(row, 0, sizeof(*row));
	row->address = address;
	row->lease = *lease;
	return 0;
}

int inventory_add_nat(struct inventory *self, const char *ip)
{
	struct address address;
	char text[LEASE_ADDRESS_TEXT] = "";

	if (!read_address(ip, &address))
		return -EINVAL;
	(void)inet_ntop(address.version == 4 ? AF_INET : AF_INET6, address.bytes, text,
			sizeof(text));
	for (size_t i = 0; i < self->nat_count; i++)
		if (strcmp(self->nat[i], text) == 0)
			return 0;
	if (self->nat_count == LIMIT_INVENTORY_NATS) {
		self->left_out++;
		return -ENOSPC;
	}
	memcpy(self->nat[self->nat_count++], text, sizeof(text));
	return 0;
}

/* --- sorting -------------------------------------------------------------------------------- */

static int compare_addresses(const struct address *a, const struct address *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_times(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_interface(const void *a_as_void, const void *b_as_void)
{
	const struct row *a = a_as_void;
	const struct row *b = b_as_void;
	int order = compare_addresses(&a->address, &b->address);

	if (order == 0)
		order = strcmp(a->lease.identity.eni_id, b->lease.identity.eni_id);
	if (order == 0)
		order = strcmp(a->lease.identity.instance_id, b->lease.identity.instance_id);
	return order != 0 ? order : compare_times(a->lease.from_ns, b->lease.from_ns);
}

static int by_start(const void *a_as_void, const void *b_as_void)
{
	const struct row *a = a_as_void;
	const struct row *b = b_as_void;
	int order = compare_addresses(&a->address, &b->address);

	if (order == 0)
		order = compare_times(a->lease.from_ns, b->lease.from_ns);
	return order != 0
		       ? order
		       : memcmp(&a->lease.identity, &b->lease.identity, sizeof(a->lease.identity));
}

/* Two documents about one interface: nothing they say differs. */
static bool is_same_interface(const struct row *a, const struct row *b)
{
	const struct cloud_identity *x = &a->lease.identity;
	const struct cloud_identity *y = &b->lease.identity;

	return compare_addresses(&a->address, &b->address) == 0 && x->eni_id[0] != '\0' &&
	       strcmp(x->eni_id, y->eni_id) == 0 &&
	       (x->instance_id[0] == '\0' || y->instance_id[0] == '\0' ||
		strcmp(x->instance_id, y->instance_id) == 0);
}

static void fill(char *to, const char *from, size_t size)
{
	if (to[0] == '\0')
		memcpy(to, from, size);
}

/* from has what `to` lacks. Two starts of one lease: both are snapshots, the earlier was true. */
static void merge(struct lease *to, const struct lease *from)
{
	struct cloud_identity *a = &to->identity;
	const struct cloud_identity *b = &from->identity;

	fill(a->account_id, b->account_id, sizeof(a->account_id));
	fill(a->region, b->region, sizeof(a->region));
	fill(a->vpc_id, b->vpc_id, sizeof(a->vpc_id));
	fill(a->subnet_id, b->subnet_id, sizeof(a->subnet_id));
	fill(a->instance_id, b->instance_id, sizeof(a->instance_id));
	fill(a->instance_type, b->instance_type, sizeof(a->instance_type));
	fill(a->access_key_id, b->access_key_id, sizeof(a->access_key_id));
	fill(a->principal, b->principal, sizeof(a->principal));
	if (b->launch_ns > a->launch_ns)
		a->launch_ns = b->launch_ns;
	if (to->from_ns == 0 || (from->from_ns != 0 && from->from_ns < to->from_ns))
		to->from_ns = from->from_ns;
	if (to->to_ns == 0 || from->to_ns == 0)
		to->to_ns = 0;
	else if (from->to_ns > to->to_ns)
		to->to_ns = from->to_ns;
}

void inventory_sort(struct inventory *self)
{
	size_t kept = 0;

	if (self->count == 0)
		return;
	qsort(self->rows, self->count, sizeof(*self->rows), by_interface);
	for (size_t i = 1; i < self->count; i++) {
		if (is_same_interface(&self->rows[kept], &self->rows[i]))
			merge(&self->rows[kept].lease, &self->rows[i].lease);
		else
			self->rows[++kept] = self->rows[i];
	}
	self->count = kept + 1;
	qsort(self->rows, self->count, sizeof(*self->rows), by_start);
}

/* --- reading -------------------------------------------------------------------------------- */

size_t inventory_count(const struct inventory *self)
{
	return self->count;
}

uint64_t inventory_left_out(const struct inventory *self)
{
	return self->left_out;
}

size_t inventory_nat_count(const struct inventory *self)
{
	return self->nat_count;
}

const char *inventory_nat(const struct inventory *self, size_t index)
{
	return index < self->nat_count ? self->nat[index] : "";
}

/* The first row past the address's leases that begin at until_ns or before. */
static size_t rows_until(const struct inventory *self, const struct address *address,
			 uint64_t until_ns)
{
	size_t low = 0;
	size_t high = self->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct row *row = &self->rows[middle];
		int order = compare_addresses(&row->address, address);

		if (order < 0 || (order == 0 && row->lease.from_ns <= until_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum cloud_confidence find(const struct inventory *self, const char *scope, const char *ip,
				  uint64_t time_ns, struct cloud_identity *out)
{
	const struct lease *fits[FITS_MAX];
	struct address address;
	size_t count = 0;

	memset(out, 0, sizeof(*out));
	if (self->count == 0 || !read_address(ip, &address))
		return CONFIDENCE_NONE;
	for (size_t i = rows_until(
		     self, &address,
		     time_ns > UINT64_MAX - LEASE_EARLY_NS ? UINT64_MAX : time_ns + LEASE_EARLY_NS);
	     i > 0 && count < FITS_MAX; i--) {
		const struct row *row = &self->rows[i - 1];

		if (compare_addresses(&row->address, &address) != 0)
			break;
		if (lease_in_scope(&row->lease.identity, scope))
			fits[count++] = &row->lease;
	}
	return lease_pick(fits, count, time_ns, out);
}

enum cloud_confidence inventory_find(const struct inventory *self, const char *scope,
				     const char *ip, const char *mirror, uint64_t time_ns,
				     struct cloud_identity *out)
{
	enum cloud_confidence confidence = find(self, scope, ip, time_ns, out);
	struct cloud_identity source;

	/* The mirrored interface is named by its primary address: another address of the same one
	 * is as good. */
	if (confidence == CONFIDENCE_HIGH && mirror[0] != '\0' && out->eni_id[0] != '\0' &&
	    find(self, scope, mirror, time_ns, &source) == CONFIDENCE_HIGH &&
	    strcmp(source.eni_id, out->eni_id) == 0) {
		confidence = CONFIDENCE_EXACT;
		out->confidence = CONFIDENCE_EXACT;
	}
	return confidence;
}
