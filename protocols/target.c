/* target.c: share targets to expected work.
 *
 *   256-bit, big-endian   work = 2^256 / (T + 1)
 *   compact, 4 bytes      T = M * 256^(E - 3)    above 2^256: no target
 *   CryptoNote, 4 bytes   T = (2^64 - 1) / ((2^32 - 1) / LE32)    work = (2^64 - 1) / T
 *   CryptoNote, 8 bytes   T = LE64                                work = (2^64 - 1) / T
 *
 * The CryptoNote divisions are of integers, as in the miners and pools that make these targets. */
#include "protocols/target.h"

#include "protocols/cursor.h"
#include "protocols/hex.h"

#define WHOLE_MOST 0x1p52
#define WHOLE_NEAR 1e-12

/* Pools divide by whole numbers: what was one is one again, without the dust of two divisions. */
static double sweep(double work)
{
	if (work < 1 || work >= WHOLE_MOST)
		return work;
	double whole = (double)(uint64_t)(work + 0.5);
	double dust = work > whole ? work - whole : whole - work;

	return dust < whole * WHOLE_NEAR ? whole : work;
}

double target_work_be256(struct slice hex)
{
	double target = 0;

	if (hex.len > TARGET_DIGITS || !hex_is(hex))
		return 0;
	for (size_t i = 0; i < hex.len; i++)
		target = target * 16 + hex_values[hex.ptr[i]];
	return target > 0 ? sweep(0x1p256 / (target + 1)) : 0;
}

double target_work_head256(struct slice hex)
{
	double target = 0;
	double unit = 0x1p256;

	if (hex.len > TARGET_DIGITS || !hex_is(hex))
		return 0;
	for (size_t i = 0; i < hex.len; i++) {
		unit /= 16;
		target += hex_values[hex.ptr[i]] * unit;
	}
	return target > 0 ? 0x1p256 / (target + 1) : 0;
}

double target_work_compact(uint32_t compact)
{
	double target = compact & 0x007fffff; /* the highest bit is a sign */
	uint32_t bytes = compact >> 24;

	if (bytes > 32 || (compact & 0x00800000) != 0)
		return 0;
	for (; bytes > 3; bytes--)
		target *= 256;
	for (; bytes < 3; bytes++)
		target /= 256;
	return target >= 1 ? 0x1p256 / (target + 1) : 0;
}

double target_work_bits(struct slice hex)
{
	uint8_t bytes[4];
	size_t len;

	if (!target_hex_bytes(hex, bytes, sizeof(bytes), &len) || len != sizeof(bytes))
		return 0;
	return target_work_compact(field_u32be(bytes));
}

double target_work_cryptonote(struct slice hex)
{
	uint8_t bytes[8] = { 0 };
	uint64_t target = 0;
	size_t len;

	if (!target_hex_bytes(hex, bytes, sizeof(bytes), &len) || len == 0)
		return 0;
	struct cursor c = cursor_of(slice_of(bytes, sizeof(bytes)));
	if (len == 8) {
		target = cursor_u64le(&c);
	} else if (len <= 4) {
		uint32_t compact = cursor_u32le(&c);

		target = compact == 0 ? 0 : UINT64_MAX / (UINT32_MAX / compact);
	}
	return target == 0 ? 0 : (double)(UINT64_MAX / target);
}

double target_work_result(struct slice hex)
{
	uint8_t bytes[TARGET_DIGITS / 2];
	size_t len;

	if (!target_hex_bytes(hex, bytes, sizeof(bytes), &len) || len != sizeof(bytes))
		return 0;
	struct cursor c = cursor_of(slice_tail(slice_of(bytes, len), len - 8));
	uint64_t value = cursor_u64le(&c);
	return value == 0 ? 0 : 0x1p64 / (double)value;
}

bool target_hex_bytes(struct slice hex, uint8_t *out, size_t size, size_t *len)
{
	*len = 0;
	if (hex.len % 2 != 0 || hex.len / 2 > size || (hex.len > 0 && !hex_is(hex)))
		return false;
	hex_bytes(hex, out);
	*len = hex.len / 2;
	return true;
}
