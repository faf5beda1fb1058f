/* input.c: which times of one input are believed. */
#include "sensor/input.h"

#include <stdlib.h>

#define JUMP_NS ((uint64_t)LIMIT_TIME_JUMP_S * 1000000000u)

bool input_doubts(const struct input *input, uint64_t time_ns)
{
	return !input->has_last || (time_ns > input->last_ns && time_ns - input->last_ns > JUMP_NS);
}

uint64_t input_pass_time(struct input *input, uint64_t time_ns)
{
	if (!input->has_last || time_ns > input->last_ns)
		input->last_ns = time_ns;
	input->has_last = true;
	return input->last_ns;
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
