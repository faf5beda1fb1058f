/* number.c: decimal numbers. Reference: RFC 8259 section 6.
 *
 *   number = [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ ( "e" / "E" ) [ +- ] 1*digit ]
 */
#include "protocols/number.h"

#include <errno.h>
#include <float.h>

#include "protocols/cursor.h"

#define EXPONENT_MAX 1000000

/* The next byte without taking it; 0 at the end, which no number contains. */
static uint8_t peek(const struct cursor *c)
{
	return c->pos < c->in.len ? c->in.ptr[c->pos] : 0;
}

static bool peek_digit(const struct cursor *c)
{
	return (uint8_t)(peek(c) - '0') <= 9;
}

/* Adds a digit when there is room; false when it was dropped. */
static bool add_digit(struct number *n, bool *is_full, uint8_t digit)
{
	uint64_t next;

	if (!*is_full && !__builtin_mul_overflow(n->mantissa, 10u, &next) &&
	    !__builtin_add_overflow(next, digit, &next)) {
		n->mantissa = next;
		return true;
	}
	*is_full = true;
	n->is_inexact = n->is_inexact || digit != 0;
	return false;
}

static void move_exponent(struct number *n, int by)
{
	if (n->exponent < EXPONENT_MAX && n->exponent > -EXPONENT_MAX)
		n->exponent += by;
}

static bool read_exponent(struct cursor *c, struct number *n)
{
	bool is_negative = peek(c) == '-';
	int value = 0;

	if (is_negative || peek(c) == '+')
		cursor_skip(c, 1);
	if (!peek_digit(c))
		return false;
	while (peek_digit(c)) {
		int digit = cursor_u8(c) - '0';

		if (value < EXPONENT_MAX / 10)
			value = value * 10 + digit;
	}
	n->exponent += is_negative ? -value : value;
	return true;
}

bool number_read(struct slice text, struct number *out)
{
	struct cursor c = cursor_of(text);
	bool is_full = false;

	*out = (struct number){ .is_negative = peek(&c) == '-' };
	if (out->is_negative)
		cursor_skip(&c, 1);
	if (!peek_digit(&c))
		return false;
	if (peek(&c) == '0') {
		cursor_skip(&c, 1);
	} else {
		while (peek_digit(&c))
			if (!add_digit(out, &is_full, (uint8_t)(cursor_u8(&c) - '0')))
				move_exponent(out, 1);
	}
	if (peek(&c) == '.') {
		cursor_skip(&c, 1);
		if (!peek_digit(&c))
			return false;
		while (peek_digit(&c))
			if (add_digit(out, &is_full, (uint8_t)(cursor_u8(&c) - '0')))
				move_exponent(out, -1);
	}
	if (peek(&c) == 'e' || peek(&c) == 'E') {
		cursor_skip(&c, 1);
		if (!read_exponent(&c, out))
			return false;
	}
	return cursor_left(&c) == 0;
}

/* value * 10^exponent. Squares reach any power of a double in nine steps. */
static double scale(double value, unsigned exponent, bool is_down)
{
	static const double exact[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
					1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
					1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	static const double squares[] = { 1e1, 1e2, 1e4, 1e8, 1e16, 1e32, 1e64, 1e128, 1e256 };

	if (exponent < sizeof(exact) / sizeof(exact[0]))
		return is_down ? value / exact[exponent] : value * exact[exponent];
	for (size_t i = 0; i < sizeof(squares) / sizeof(squares[0]); i++)
		if ((exponent >> i & 1) != 0)
			value = is_down ? value / squares[i] : value * squares[i];
	return value;
}

int number_double(const struct number *number, double *out)
{
	double value = (double)number->mantissa;

	if (number->mantissa != 0 && number->exponent > 308)
		return -ERANGE;
	if (number->mantissa == 0 || number->exponent < -400)
		value = 0;
	else if (number->exponent >= 0)
		value = scale(value, (unsigned)number->exponent, false);
	else
		value = scale(value, (unsigned)-number->exponent, true);
	if (value > DBL_MAX)
		return -ERANGE;
	*out = number->is_negative ? -value : value;
	return 0;
}

int number_unsigned(const struct number *number, uint64_t max, uint64_t *out)
{
	uint64_t value = number->mantissa;
	int exponent = number->exponent;

	if (value == 0) {
		*out = 0;
		return number->is_inexact ? -EINVAL : 0;
	}
	for (; exponent < 0; exponent++) {
		if (value % 10 != 0)
			return -EINVAL;
		value /= 10;
	}
	for (; exponent > 0; exponent--)
		if (__builtin_mul_overflow(value, 10u, &value))
			return -ERANGE;
	if (number->is_inexact)
		return number->exponent < 0 ? -EINVAL : -ERANGE;
	if (number->is_negative || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}
