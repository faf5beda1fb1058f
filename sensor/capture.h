/* capture.h: libpcap, and nothing else of the sensor knows it.
 *
 * One capture is one file or one interface. Live capture never uses immediate mode, which would
 * cost the TPACKET_V3 ring. Used by the reader thread only; capture_break() may be called from a
 * signal handler. */
#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

#include "sensor/packet.h"

#define CAPTURE_ERROR_TEXT 512

struct capture;

struct capture_live {
	const char *interface;
	const char *filter;    /* BPF expression or NULL */
	uint32_t snaplen;      /* bytes */
	uint32_t buffer_bytes; /* kernel ring */
	uint32_t timeout_ms;   /* block retirement */
	bool promiscuous;
	/* For each handle the descriptor of an extended BPF program that filters in the kernel,
	 * Ethernet only; NULL: none. The kernel has room for one, so that filter is run here. */
	const int *programs;
};

struct capture_counters {
	uint64_t received; /* by the kernel's filter */
	uint64_t dropped;  /* by the kernel, no room in the ring */
	uint64_t interface_dropped;
};

typedef void (*capture_fn)(void *ctx, const struct frame *frame);

/* 0, or -ENOENT, -EACCES, -EINVAL (filter), -ENOTSUP (link type, compressed), -EIO (no readable
 * header), -ENETDOWN...; error says what, naming the file or interface. path "-" reads standard
 * input. filter may be NULL. */
int capture_open_file(struct capture **out, const char *path, const char *filter,
		      char error[CAPTURE_ERROR_TEXT]);

/* count handles of one interface. Of several the kernel gives each frame to one, by fanout.h; what
 * came in before they were a group is thrown away, so none sees a frame that is another's. On
 * failure none is open. */
int capture_open_live(struct capture *out[], size_t count, const struct capture_live *options,
		      char error[CAPTURE_ERROR_TEXT]);

/* Compiles a filter against Ethernet without opening anything; for --check-config. */
int capture_check_filter(const char *filter, char error[CAPTURE_ERROR_TEXT]);

/* Delivers at most max frames (their number and monotonic time are set by the caller's source).
 * > 0: frames delivered; 0: time-out without a frame (live); -ENODATA: end of file; -EINTR:
 * capture_break(); -EIO: damaged or truncated, capture_error() says how (every whole packet before
 * the damage has been delivered); -ENETDOWN: the interface went away. */
int capture_dispatch(struct capture *self, int max, capture_fn fn, void *ctx);

/* The next frame without copying, valid until the next call; results as above, 1 for a frame. */
int capture_next(struct capture *self, struct frame *frame);

const char *capture_error(const struct capture *self);
/* Bytes read so far and the file's size, for progress; false when unknown (live, pipe). */
bool capture_progress(const struct capture *self, uint64_t *done, uint64_t *total);
void capture_counters(struct capture *self, struct capture_counters *out);
void capture_break(struct capture *self);
void capture_close(struct capture *self);

#endif
