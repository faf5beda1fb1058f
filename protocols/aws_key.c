/* aws_key.c: pieces of a name, and how little they are like words. */
#include "protocols/aws_key.h"

#define PREFIX_BYTES   4
#define REAL_BYTES     20
#define SPLIT_LABELS   4
#define SPLIT_FIRST    6  /* bytes of the first label */
#define SPLIT_SHORTEST 19 /* of an invented id in labels */
#define SPLIT_LONGEST  21
#define SPLIT_SESSION  5 /* bytes of each label of a session's id but the last */

/* What kind of id a candidate is; a larger one is the better witness. */
enum rank { RANK_NONE = 0, RANK_INVENTED_SPLIT, RANK_INVENTED, RANK_SPLIT, RANK_REAL };

/* In upper case. */
struct candidate {
	char text[AWS_KEY_TEXT];
	size_t len;
	uint32_t joints; /* bit n: a label begins at n, which is no break */
};

struct shape {
	unsigned digits;
	unsigned changes;
	unsigned breaks;
	bool is_base32; /* behind the prefix */
};

/* For each letter the letters that follow it in names, A at bit 0: the 300 pairs that make 94 % of
 * all pairs in the names of a million public packages. */
static const uint32_t usual_followers[26] = { 0x3febd6e, 0x0164911, 0x01ecd95, 0x0164f7b, 0x1fff97f,
					      0x11a4931, 0x01669d1, 0x0184111, 0x2aefc7f, 0x0040011,
					      0x0044111, 0x11cd91d, 0x114d917, 0x13ced7d, 0x0feff6f,
					      0x11ec99d, 0x0100800, 0x13efd7d, 0x15ddd9d, 0x15ed9bd,
					      0x00eb95f, 0x0104111, 0x0044111, 0x0088000, 0x00cf815,
					      0x0000010 };

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static char upper(uint8_t byte)
{
	return (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
}

static bool has_prefix(struct slice piece)
{
	return piece.len >= PREFIX_BYTES && upper(piece.ptr[0]) == 'A' &&
	       (upper(piece.ptr[1]) == 'K' || upper(piece.ptr[1]) == 'S') &&
	       upper(piece.ptr[2]) == 'I' && upper(piece.ptr[3]) == 'A';
}

/* Adds letters and digits; false when there is another byte or no room. */
static bool append(struct candidate *candidate, struct slice piece)
{
	if (piece.len > AWS_KEY_MAX - candidate->len)
		return false;
	for (size_t i = 0; i < piece.len; i++) {
		char byte = upper(piece.ptr[i]);

		if (!is_digit(byte) && !is_letter(byte))
			return false;
		candidate->text[candidate->len++] = byte;
	}
	candidate->text[candidate->len] = '\0';
	return true;
}

static bool is_usual(char first, char second)
{
	return (usual_followers[first - 'A'] >> (second - 'A') & 1) != 0;
}

static bool is_break(const struct candidate *candidate, size_t at)
{
	char before = candidate->text[at - 1];
	char byte = candidate->text[at];

	if ((candidate->joints >> at & 1) != 0 || byte == before)
		return false;
	if (is_digit(byte) && is_digit(before))
		return false;
	return is_digit(byte) != is_digit(before) || !is_usual(before, byte);
}

static struct shape measure(const struct candidate *candidate)
{
	struct shape shape = { .is_base32 = true };

	for (size_t i = PREFIX_BYTES; i < candidate->len; i++) {
		char before = candidate->text[i - 1];
		char byte = candidate->text[i];

		shape.digits += is_digit(byte) ? 1 : 0;
		if (is_digit(byte) && (byte < '2' || byte > '7'))
			shape.is_base32 = false;
		if (is_break(candidate, i)) {
			shape.breaks++;
			shape.changes += is_digit(byte) != is_digit(before) ? 1 : 0;
		}
	}
	return shape;
}

static bool is_session(const struct candidate *candidate)
{
	return candidate->text[1] == 'S';
}

static bool is_invented(const struct candidate *candidate, const struct shape *shape)
{
	return candidate->len >= AWS_KEY_MIN && shape->changes >= 3 && shape->breaks >= 4 &&
	       (!is_session(candidate) || strstr(candidate->text, "EXAMPLE") != NULL);
}

static enum rank rank_piece(const struct candidate *candidate)
{
	struct shape shape = measure(candidate);

	if (candidate->len == REAL_BYTES && shape.is_base32 &&
	    shape.breaks >= (is_session(candidate) ? 5 : 4))
		return RANK_REAL;
	return is_invented(candidate, &shape) ? RANK_INVENTED : RANK_NONE;
}

static enum rank rank_split(const struct candidate *candidate)
{
	struct shape shape = measure(candidate);

	if (candidate->len == REAL_BYTES && shape.is_base32 && shape.breaks >= 6)
		return RANK_SPLIT;
	if (candidate->len < SPLIT_SHORTEST || candidate->len > SPLIT_LONGEST || shape.digits < 4)
		return RANK_NONE;
	return is_invented(candidate, &shape) ? RANK_INVENTED_SPLIT : RANK_NONE;
}

static void keep_better(enum rank rank, const struct candidate *candidate, enum rank *best,
			char key[AWS_KEY_TEXT])
{
	if (rank <= *best)
		return;
	*best = rank;
	memcpy(key, candidate->text, candidate->len + 1);
}

static struct slice take_label(struct slice *rest)
{
	size_t len = slice_find(*rest, '.');
	struct slice label = slice_head(*rest, len);

	*rest = slice_tail(*rest, len + 1);
	return label;
}

static struct slice take_piece(struct slice *label)
{
	size_t len = 0;

	while (len < label->len && label->ptr[len] != '-' && label->ptr[len] != '_')
		len++;
	struct slice piece = slice_head(*label, len);

	*label = slice_tail(*label, len + 1);
	return piece;
}

static void try_pieces(struct slice label, enum rank *best, char key[AWS_KEY_TEXT])
{
	while (label.len >= AWS_KEY_MIN) {
		struct candidate candidate = { .len = 0 };
		struct slice piece = take_piece(&label);

		if (has_prefix(piece) && append(&candidate, piece))
			keep_better(rank_piece(&candidate), &candidate, best, key);
	}
}

/* ASIA begins names of places that have numbered machines in them. */
static bool may_begin_session(const struct candidate *first)
{
	return measure(first).breaks > 0;
}

/* rest: what follows the label, itself labels with dots between. */
static void try_split(struct slice label, struct slice rest, enum rank *best,
		      char key[AWS_KEY_TEXT])
{
	struct candidate candidate = { .len = 0 };

	if (label.len < SPLIT_FIRST || !has_prefix(label) || !append(&candidate, label))
		return;
	if (is_session(&candidate) && !may_begin_session(&candidate))
		return;
	for (unsigned labels = 2; labels <= SPLIT_LABELS; labels++) {
		struct slice next = take_label(&rest);
		bool has_two_behind = slice_find(rest, '.') + 1 < rest.len;

		candidate.joints |= (is_session(&candidate) ? 1u : 0u) << candidate.len;
		if (!has_two_behind || next.len == 0 || !append(&candidate, next))
			return;
		keep_better(rank_split(&candidate), &candidate, best, key);
		if (is_session(&candidate) && next.len < SPLIT_SESSION)
			return;
	}
}

bool aws_key_find(struct slice name, char key[AWS_KEY_TEXT])
{
	enum rank best = RANK_NONE;

	key[0] = '\0';
	for (struct slice rest = name; rest.len > 0;) {
		struct slice label = take_label(&rest);

		try_pieces(label, &best, key);
		try_split(label, rest, &best, key);
	}
	return best != RANK_NONE;
}
