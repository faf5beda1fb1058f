/* input.c: which times of one input are believed. */
#include "sensor/input.h"

#include <stdlib.h>

#define JUMP_NS ((uint64_t)LIMIT_TIME_JUMP_S * 1000000000u)

/* Time that runs so much slower until the clock has caught up: within what a rate may be wrong. */
#define CATCH_UP 32

static uint64_t distance(uint64_t one_ns, uint64_t other_ns)
{
	return one_ns > other_ns ? one_ns - other_ns : other_ns - one_ns;
}

/* By the clock of the stream, of which the input's may be behind, or may have been set right. */
static uint64_t stream_time(const struct input *input, uint64_t time_ns)
{
	uint64_t ahead_ns = time_ns + input->ahead_ns;

	return time_ns >= input->last_ns || distance(time_ns, input->last_ns) <
						    distance(ahead_ns, input->last_ns)
		       ? time_ns
		       : ahead_ns;
}

static bool is_far_behind(const struct input *input, uint64_t time_ns)
{
	uint64_t stream_ns = stream_time(input, time_ns);

	return input->has_last && stream_ns < input->last_ns &&
	       input->last_ns - stream_ns > JUMP_NS;
}

bool input_doubts(const struct input *input, uint64_t time_ns)
{
	uint64_t stream_ns = stream_time(input, time_ns);

	return !input->has_last || is_far_behind(input, time_ns) ||
	       (stream_ns > input->last_ns && stream_ns - input->last_ns > JUMP_NS);
}

uint64_t input_pass_time(struct input *input, uint64_t time_ns)
{
	uint64_t stream_ns = stream_time(input, time_ns);

	if (stream_ns == time_ns) {
		input->ahead_ns = 0;
	} else if (stream_ns > input->last_ns) {
		uint64_t made_up_ns = (stream_ns - input->last_ns) / CATCH_UP;

		if (made_up_ns > input->ahead_ns)
			made_up_ns = input->ahead_ns;
		input->ahead_ns -= made_up_ns;
		stream_ns -= made_up_ns;
	}
	if (!input->has_last || stream_ns > input->last_ns)
		input->last_ns = stream_ns;
	input->has_last = true;
	return input->last_ns;
}

uint64_t input_follow_clock(struct input *input, uint64_t clock_ns)
{
	if (is_far_behind(input, clock_ns))
		input->ahead_ns = input->last_ns - clock_ns;
	return input_pass_time(input, clock_ns);
}

bool input_hold(struct input *input, const struct frame *frame)
{
	if (frame->bytes.len > input->held_size) {
		uint8_t *bytes = realloc(input->held_bytes, frame->bytes.len);

		if (bytes == NULL)
			return false;
		input->held_bytes = bytes;
		input->held_size = frame->bytes.len;
	}
	if (frame->bytes.len > 0)
		memcpy(input->held_bytes, frame->bytes.ptr, frame->bytes.len);
	input->held = *frame;
	input->held.bytes = slice_of(input->held_bytes, frame->bytes.len);
	return true;
}

uint64_t input_settle_time(struct input *input, const uint64_t *next_ns)
{
	uint64_t time_ns = input->held.time_ns;

	if (is_far_behind(input, time_ns)) {
		if (next_ns != NULL && distance(*next_ns, time_ns) <= JUMP_NS)
			input->ahead_ns = input->last_ns - time_ns;
		return input->last_ns;
	}
	if (next_ns != NULL && (*next_ns >= time_ns || time_ns - *next_ns <= JUMP_NS))
		return input_pass_time(input, time_ns);
	if (input->has_last)
		return input->last_ns;
	return input_pass_time(input, next_ns == NULL ? time_ns : *next_ns);
}

int input_advance(struct input *input)
{
	struct frame frame;
	int rc = 1;

	if (input->has_after)
		frame = input->after;
	else
		rc = capture_next(input->capture, &frame);
	input->has_after = false;
	if (rc != 1)
		return rc;
	if (!input_doubts(input, frame.time_ns) || !input_hold(input, &frame)) {
		input->head = frame;
		input->head_ns = input_pass_time(input, frame.time_ns);
		return 1;
	}
	/* An end or damage here is met again by the next call. */
	input->has_after = capture_next(input->capture, &input->after) == 1;
	input->head = input->held;
	input->head_ns = input_settle_time(input, input->has_after ? &input->after.time_ns : NULL);
	return 1;
}
