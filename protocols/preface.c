/* preface.c: a few facts about skipped bytes, and the rule they decide. */
#include "protocols/preface.h"

#include "protocols/limits.h"

#define NUMBER_MAX 100000000u /* nothing as long is a message */
#define DIGITS_MAX 6
#define LINE_END   2 /* bytes */

void preface_begin(struct preface *self, bool is_start)
{
	*self = (struct preface){ .is_start = is_start };
}

bool preface_is_blank(const struct preface *self)
{
	return self->lines == 0 && self->last == 0 && !self->has_text && !self->is_binary;
}

/* NULs and a byte order mark pad the start of a line; they are no text, and no sign of a binary
 * protocol. */
static bool is_padding(const struct preface *self, uint8_t byte)
{
	return !self->has_text && (byte == 0 || byte == 0xef || byte == 0xbb || byte == 0xbf);
}

static void feed_number(struct preface *self, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		uint32_t before = self->is_digit ? self->number : 0;
		uint8_t digits = self->is_digit ? self->digits : 0;

		self->number = before > NUMBER_MAX ? before : before * 10 + (uint32_t)(byte - '0');
		self->digits = digits < DIGITS_MAX ? digits + 1 : DIGITS_MAX;
		self->is_packed = self->is_packed && self->is_digit;
		self->is_digit = true;
		return;
	}
	if (byte > ' ') {
		self->number = 0;
		self->digits = 0;
	}
	self->is_digit = false;
}

static unsigned count_digits(size_t number)
{
	unsigned digits = 1;

	for (; number > 9; number /= 10)
		digits++;
	return digits;
}

bool preface_announces(const struct preface *self, size_t len, bool is_cut)
{
	size_t most = is_cut ? LIMIT_MESSAGE_BYTES : len + LINE_END;

	if (self->lines == 0 || self->has_text || self->digits == 0)
		return false;
	if (self->is_packed)
		return self->digits >= count_digits(len) && self->digits <= count_digits(most);
	return self->number >= len && self->number <= most;
}

static void feed_byte(struct preface *self, uint8_t byte)
{
	feed_number(self, byte);
	if (byte == '\n') {
		if (self->has_text && self->lines < UINT8_MAX)
			self->lines++;
		self->has_text = false;
		return;
	}
	if (byte == ' ' || byte == '\t' || byte == '\r' || is_padding(self, byte))
		return;
	if (byte < ' ' || byte == 0x7f)
		self->is_binary = true;
	self->has_text = true;
	self->before = self->last;
	self->last = byte;
}

void preface_feed(struct preface *self, struct slice skipped)
{
	size_t room = UINT32_MAX - self->bytes;

	self->bytes += (uint32_t)(skipped.len < room ? skipped.len : room);
	/* One control byte decides for good. */
	for (size_t i = 0; i < skipped.len && !self->is_binary; i++)
		feed_byte(self, skipped.ptr[i]);
}

/* What stands before a value inside a JSON text. */
static bool is_structure(const struct preface *self)
{
	return (self->last == ':' && (self->before == '"' || self->before == 0)) ||
	       self->last == ',' || self->last == '[';
}

enum preface_verdict preface_judge(const struct preface *self)
{
	if (self->is_binary)
		return PREFACE_FOREIGN;
	if (self->last == 0)
		return PREFACE_CLEAN;
	if (self->is_start)
		return self->lines == 1 && !self->has_text && self->bytes <= LIMIT_JUNK_BYTES
			       ? PREFACE_CLEAN
			       : PREFACE_FOREIGN;
	if (self->last == '}' || self->last == ']')
		return PREFACE_CLEAN;
	return is_structure(self) ? PREFACE_INSIDE : PREFACE_FOREIGN;
}

enum {
	PACK_MIDDLE = 0x01,
	PACK_TEXT = 0x02,
	PACK_FOREIGN = 0x04,  /* control bytes, or too much at a start */
	PACK_LINES_SHIFT = 3, /* in the middle 2 bits: 0, 1, more */
	PACK_LINE = 0x08,     /* at a start: there was one */
	PACK_DIGIT = 0x10,    /* ... and a number goes on */
	PACK_LAST_SHIFT = 5,  /* 3 bits; in the middle index into last_bytes */
	PACK_SOME = 1,        /* at a start: a byte of any kind; and so many digits beyond it */
};

/* A byte of each kind that the verdict tells apart: none, closing, structure, quote, any other. */
static const uint8_t last_bytes[8] = { 0, '}', ',', '"', 'x', 'x', 'x', 'x' };

static unsigned last_kind(const struct preface *self)
{
	if (self->last == 0)
		return 0;
	if (self->last == '}' || self->last == ']')
		return 1;
	if (is_structure(self))
		return 2;
	return self->last == '"' ? 3 : 4;
}

static uint8_t pack_start(const struct preface *self)
{
	_Static_assert(PACK_SOME + DIGITS_MAX < 8, "3 bits");
	bool is_foreign = self->is_binary || self->bytes > LIMIT_JUNK_BYTES || self->lines > 1;
	unsigned last = self->last == 0 ? 0u : PACK_SOME + (unsigned)self->digits;

	return (uint8_t)((self->has_text ? PACK_TEXT : 0u) | (is_foreign ? PACK_FOREIGN : 0u) |
			 (self->lines == 1 ? PACK_LINE : 0u) | (self->is_digit ? PACK_DIGIT : 0u) |
			 last << PACK_LAST_SHIFT);
}

uint8_t preface_pack(const struct preface *self)
{
	unsigned lines = self->lines < 2 ? self->lines : 2;

	if (self->is_start)
		return pack_start(self);
	return (uint8_t)(PACK_MIDDLE | (self->has_text ? PACK_TEXT : 0u) |
			 (self->is_binary ? PACK_FOREIGN : 0u) | lines << PACK_LINES_SHIFT |
			 last_kind(self) << PACK_LAST_SHIFT);
}

bool preface_is_final(uint8_t packed)
{
	return (packed & PACK_FOREIGN) != 0;
}

static struct preface unpack_start(uint8_t packed)
{
	unsigned last = packed >> PACK_LAST_SHIFT;

	return (struct preface){
		.lines = (packed & PACK_LINE) != 0,
		.last = last == 0 ? 0 : 'x',
		.digits = (uint8_t)(last > PACK_SOME ? last - PACK_SOME : 0),
		.is_digit = (packed & PACK_DIGIT) != 0,
		.is_packed = last > PACK_SOME,
		.is_start = true,
		.is_binary = (packed & PACK_FOREIGN) != 0,
		.has_text = (packed & PACK_TEXT) != 0,
	};
}

struct preface preface_unpack(uint8_t packed)
{
	if ((packed & PACK_MIDDLE) == 0)
		return unpack_start(packed);
	return (struct preface){
		.lines = (packed >> PACK_LINES_SHIFT) & 3,
		.last = last_bytes[packed >> PACK_LAST_SHIFT],
		.is_binary = (packed & PACK_FOREIGN) != 0,
		.has_text = (packed & PACK_TEXT) != 0,
	};
}
