/* lease.c: texts of leases, and which lease an address belongs to at a time. */
#include "sensor/lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/siphash.h"

#define NS_PER_S     UINT64_C(1000000000)
#define YEAR_FIRST   1970
#define YEAR_LAST    2399
#define SCOPE_PARTS  3
#define ACCOUNT_LEN  12 /* digits */
#define MILLISECONDS UINT64_C(1000000)

const char *const lease_field_names[LEASE_FIELD_COUNT] = {
#define LEASE_NAME(id, name) name,
	LEASE_FIELDS(LEASE_NAME)
#undef LEASE_NAME
};

const char *cloud_confidence_text(enum cloud_confidence confidence)
{
	static const char *const texts[] = { "none", "ambiguous", "high", "exact" };

	return (size_t)confidence < sizeof(texts) / sizeof(texts[0]) ? texts[confidence] : "none";
}

bool lease_name(const char *text, size_t len, char *out, size_t size)
{
	memset(out, 0, size);
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	memcpy(out, text, len);
	return true;
}

/* --- keys ----------------------------------------------------------------------------------- */

static bool has_fitted(int written, size_t size)
{
	return written >= 0 && (size_t)written < size;
}

bool lease_inventory_key(const char *prefix, const char *scope, const char *ip, char *out,
			 size_t size)
{
	return has_fitted(snprintf(out, size, "%s:inventory:%s/%s", prefix, scope, ip), size);
}

bool lease_key(const char *prefix, const char *id, char *out, size_t size)
{
	return has_fitted(snprintf(out, size, "%s:lease:%s", prefix, id), size);
}

bool lease_scope_text(const struct cloud_identity *identity, unsigned width, char *out, size_t size)
{
	const char *parts[SCOPE_PARTS] = { identity->account_id, identity->region,
					   identity->vpc_id };
	size_t used = 0;

	if (width >= SCOPE_PARTS)
		return false;
	for (size_t i = 0; i < SCOPE_PARTS && i + width < SCOPE_PARTS; i++) {
		int written = snprintf(out + used, size - used, "%s%s", i > 0 ? "/" : "", parts[i]);

		if (parts[i][0] == '\0' || !has_fitted(written, size - used))
			return false;
		used += (size_t)written;
	}
	return true;
}

void lease_id(const struct lease *lease, char out[LEASE_ID_TEXT])
{
	const struct cloud_identity *identity = &lease->identity;
	const char *holder = identity->eni_id[0] != '\0' ? identity->eni_id : identity->instance_id;
	char text[5 * LIMIT_NAME_TEXT + LEASE_ADDRESS_TEXT + 32];
	int len = snprintf(text, sizeof(text), "%s/%s/%s/%s/%s/%" PRIu64, identity->account_id,
			   identity->region, identity->vpc_id, lease->ip, holder,
			   lease->from_ns / MILLISECONDS);

	(void)snprintf(out, LEASE_ID_TEXT, "%016" PRIx64,
		       siphash_id(text, len > 0 ? (size_t)len : 0));
}

/* --- times ---------------------------------------------------------------------------------- */

/* Days since 1970 of a date of the Gregorian calendar, counted in eras of 400 years that begin on a
 * first of March (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static uint64_t days_of_date(unsigned year, unsigned month, unsigned day)
{
	uint64_t of_march = month > 2 ? year : year - 1;
	uint64_t of_era = of_march % 400;
	uint64_t of_year = (UINT64_C(153) * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return of_march / 400 * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	       719468;
}

static void date_of_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t shifted = days + 719468;
	unsigned era = (unsigned)(shifted / 146097);
	unsigned of_era = (unsigned)(shifted % 146097);
	unsigned years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * years + years / 4 - years / 100);
	unsigned from_march = (5 * of_year + 2) / 153;

	*day = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = years + era * 400 + (*month <= 2);
}

void lease_time_text(uint64_t time_ns, char out[LEASE_TIME_TEXT])
{
	uint64_t seconds = time_ns / NS_PER_S;
	unsigned of_day = (unsigned)(seconds % 86400);
	char text[48];
	unsigned year;
	unsigned month;
	unsigned day;

	date_of_days(seconds / 86400, &year, &month, &day);
	(void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month, day,
		       of_day / 3600, of_day / 60 % 60, of_day % 60);
	memcpy(out, text, LEASE_TIME_TEXT - 1); /* a uint64_t of nanoseconds ends in 2554 */
	out[LEASE_TIME_TEXT - 1] = '\0';
}

/* count digits, then the byte after (NUL: none). Moves *at past both. */
static bool take_digits(const char **at, unsigned count, char after, unsigned *out)
{
	*out = 0;
	for (unsigned i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*out = *out * 10 + (unsigned)(**at - '0');
	}
	if (after == '\0')
		return true;
	return *(*at)++ == after;
}

/* ".ddd": as nanoseconds; digits past the ninth do not count. */
static bool take_fraction(const char **at, uint64_t *ns)
{
	uint64_t unit = NS_PER_S / 10;
	const char *first;

	*ns = 0;
	if (**at != '.')
		return true;
	first = ++*at;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*ns += unit * (uint64_t)(**at - '0');
	return *at > first;
}

/* "Z", "+00:00" or "+0000" and the end. Seconds east of UTC. */
static bool take_offset(const char *at, int64_t *seconds)
{
	bool is_west = *at == '-';
	unsigned hours;
	unsigned minutes;

	*seconds = 0;
	if (*at == 'Z')
		return at[1] == '\0';
	if (*at != '+' && *at != '-')
		return false;
	at++;
	if (!take_digits(&at, 2, '\0', &hours))
		return false;
	at += *at == ':';
	if (!take_digits(&at, 2, '\0', &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = ((int64_t)hours * 60 + minutes) * (is_west ? -60 : 60);
	return *at == '\0';
}

static bool is_date(unsigned year, unsigned month, unsigned day)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return year >= YEAR_FIRST && year <= YEAR_LAST && month >= 1 && month <= 12 && day >= 1 &&
	       day <= lengths[month - 1] + (unsigned)(month == 2 && is_leap);
}

bool lease_time_read(const char *text, uint64_t *time_ns)
{
	unsigned year;
	unsigned month;
	unsigned day;
	unsigned hour;
	unsigned minute;
	unsigned second;
	uint64_t fraction;
	int64_t east;
	int64_t seconds;

	if (!take_digits(&text, 4, '-', &year) || !take_digits(&text, 2, '-', &month) ||
	    !take_digits(&text, 2, 'T', &day) || !take_digits(&text, 2, ':', &hour) ||
	    !take_digits(&text, 2, ':', &minute) || !take_digits(&text, 2, '\0', &second) ||
	    !take_fraction(&text, &fraction) || !take_offset(text, &east))
		return false;
	if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 60)
		return false;
	seconds = (int64_t)days_of_date(year, month, day) * 86400 + (int64_t)hour * 3600 +
		  (int64_t)minute * 60 + second - east;
	if (seconds < 0)
		return false;
	*time_ns = (uint64_t)seconds * NS_PER_S + fraction;
	return true;
}

/* --- scopes --------------------------------------------------------------------------------- */

enum scope_part { PART_ACCOUNT, PART_REGION, PART_VPC };

struct scope_text {
	char parts[SCOPE_PARTS][LIMIT_NAME_TEXT];
};

static bool is_account(const char *text, size_t len)
{
	return len == ACCOUNT_LEN && strspn(text, "0123456789") >= len;
}

static bool is_vpc(const char *text, size_t len)
{
	return len > 4 && memcmp(text, "vpc-", 4) == 0;
}

/* us-east-1, us-gov-west-1: words, then one or two digits. */
static bool is_region(const char *text, size_t len)
{
	size_t digits = 0;

	while (digits < len && text[len - 1 - digits] >= '0' && text[len - 1 - digits] <= '9')
		digits++;
	return digits >= 1 && digits <= 2 && len > digits + 3 && text[len - 1 - digits] == '-' &&
	       memchr(text, '-', len - digits - 1) != NULL;
}

/* The scope has the parts that are configured, in their order, without a mark for one that is not:
 * a part is known by its looks, else it is the next one. */
static enum scope_part part_of(const char *text, size_t len, unsigned index)
{
	if (is_vpc(text, len))
		return PART_VPC;
	if (is_account(text, len))
		return PART_ACCOUNT;
	if (is_region(text, len))
		return PART_REGION;
	return (enum scope_part)index;
}

static bool read_scope(const char *scope, struct scope_text *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < SCOPE_PARTS && *scope != '\0'; i++) {
		size_t len = strcspn(scope, "/");
		char *part;

		if (len >= LIMIT_NAME_TEXT)
			return false;
		part = out->parts[part_of(scope, len, i)];
		memcpy(part, scope, len);
		part[len] = '\0';
		scope += len + (scope[len] == '/');
	}
	return true;
}

static bool is_no_place(const char *scope)
{
	return strncmp(scope, "vni:", 4) == 0 || strncmp(scope, "vlan:", 5) == 0 ||
	       strncmp(scope, "tap:", 4) == 0;
}

/* What one of them does not know is no contradiction. */
static bool agree(const char *a, const char *b)
{
	return a[0] == '\0' || b[0] == '\0' || strcmp(a, b) == 0;
}

bool lease_in_scope(const struct cloud_identity *identity, const char *scope)
{
	struct scope_text text;

	if (is_no_place(scope))
		return true;
	return read_scope(scope, &text) && agree(text.parts[PART_ACCOUNT], identity->account_id) &&
	       agree(text.parts[PART_REGION], identity->region) &&
	       agree(text.parts[PART_VPC], identity->vpc_id);
}

bool lease_scope_is_network(const char *scope)
{
	struct scope_text text;

	return is_no_place(scope) || (read_scope(scope, &text) && text.parts[PART_VPC][0] != '\0');
}

/* --- which lease ---------------------------------------------------------------------------- */

static bool holds(const struct lease *lease, uint64_t time_ns)
{
	return lease->from_ns <= time_ns && (lease->to_ns == 0 || time_ns < lease->to_ns);
}

static uint64_t later(uint64_t time_ns, uint64_t ns)
{
	return time_ns > UINT64_MAX - ns ? UINT64_MAX : time_ns + ns;
}

static bool nearly_holds(const struct lease *lease, uint64_t time_ns)
{
	return lease->from_ns <= later(time_ns, LEASE_EARLY_NS) &&
	       (lease->to_ns == 0 || time_ns <= later(lease->to_ns, LEASE_LATE_NS));
}

static bool is_same_network(const struct cloud_identity *a, const struct cloud_identity *b)
{
	return agree(a->account_id, b->account_id) && agree(a->region, b->region) &&
	       agree(a->vpc_id, b->vpc_id);
}

/* A total order, so that the order of the leases does not matter. */
static bool is_better(const struct lease *a, const struct lease *b, uint64_t time_ns)
{
	if (holds(a, time_ns) != holds(b, time_ns))
		return holds(a, time_ns);
	if (a->from_ns != b->from_ns)
		return a->from_ns > b->from_ns;
	return memcmp(&a->identity, &b->identity, sizeof(a->identity)) > 0;
}

static void keep_common(char *common, const char *other, size_t size)
{
	if (strcmp(common, other) != 0)
		memset(common, 0, size);
}

/* What all leases that fit say of the network; none of their machines is named. */
static void name_common(const struct lease *const *leases, size_t count, uint64_t time_ns,
			struct cloud_identity *out)
{
	bool is_first = true;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++) {
		const struct cloud_identity *identity = &leases[i]->identity;

		if (!nearly_holds(leases[i], time_ns))
			continue;
		if (is_first) {
			memcpy(out->account_id, identity->account_id, sizeof(out->account_id));
			memcpy(out->region, identity->region, sizeof(out->region));
		}
		is_first = false;
		keep_common(out->account_id, identity->account_id, sizeof(out->account_id));
		keep_common(out->region, identity->region, sizeof(out->region));
	}
	out->confidence = CONFIDENCE_AMBIGUOUS;
}

enum cloud_confidence lease_pick(const struct lease *const *leases, size_t count, uint64_t time_ns,
				 struct cloud_identity *out)
{
	const struct lease *best = NULL;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		if (nearly_holds(leases[i], time_ns) &&
		    (best == NULL || is_better(leases[i], best, time_ns)))
			best = leases[i];
	if (best == NULL)
		return CONFIDENCE_NONE;
	for (size_t i = 0; i < count; i++)
		if (nearly_holds(leases[i], time_ns) &&
		    !is_same_network(&leases[i]->identity, &best->identity)) {
			name_common(leases, count, time_ns, out);
			return CONFIDENCE_AMBIGUOUS;
		}
	*out = best->identity;
	out->confidence = CONFIDENCE_HIGH;
	return CONFIDENCE_HIGH;
}
