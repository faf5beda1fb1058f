/* thread_cpu.h: CPU time of each of the sensor's threads, by name.
 *
 *	thread: thread_cpu_begin("publisher") ... ends --> its slot keeps what it used
 *	anyone: thread_cpu_read()                      --> every slot, running or ended
 *
 * One board per process, as the kernel's clocks are. A thread costs it nothing while it runs: only
 * who reads asks the kernel. */
#ifndef SENSOR_THREAD_CPU_H
#define SENSOR_THREAD_CPU_H

#include <stddef.h>
#include <stdint.h>

#include "sensor/limits.h"

#define THREAD_CPU_NAME 16
#define THREAD_CPU_MAX  (LIMIT_WORKERS + 8)

struct thread_cpu_time {
	char name[THREAD_CPU_NAME];
	uint64_t used_ns; /* user and system, since the name was taken */
};

struct thread_cpu {
	size_t count; /* in the order in which they began */
	struct thread_cpu_time times[THREAD_CPU_MAX];
};

/* The calling thread goes by this name from now on; what it used under an earlier one stays there.
 * Over THREAD_CPU_MAX it is not counted. */
void thread_cpu_begin(const char *name);

/* From any thread. */
void thread_cpu_read(struct thread_cpu *out);

#endif
