/* thread_cpu.c: the kernel's clock of every thread that has a name. */
#include "sensor/thread_cpu.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

struct slot {
	uint64_t begun_ns;
	_Atomic uint64_t ended_ns; /* on its clock; 0: it runs */
	char name[THREAD_CPU_NAME];
	clockid_t clock;
	_Atomic bool is_taken; /* what is above is fixed but ended_ns */
};

static struct slot slots[THREAD_CPU_MAX];
static _Atomic size_t slot_count; /* may be above THREAD_CPU_MAX */

/* The calling thread's slot. Its destructor runs when the thread ends, however it does. */
static pthread_key_t own_slot;
static pthread_once_t own_slot_once = PTHREAD_ONCE_INIT;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec used;

	if (clock_gettime(clock, &used) != 0)
		return 0;
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

static void end_slot(void *slot_as_void)
{
	struct slot *slot = slot_as_void;

	atomic_store(&slot->ended_ns, clock_ns(CLOCK_THREAD_CPUTIME_ID));
}

static void make_key(void)
{
	(void)pthread_key_create(&own_slot, end_slot);
}

void thread_cpu_begin(const char *name)
{
	struct slot *before;
	struct slot *slot;
	size_t index;

	(void)pthread_once(&own_slot_once, make_key);
	before = pthread_getspecific(own_slot);
	if (before != NULL)
		end_slot(before);
	(void)pthread_setspecific(own_slot, NULL);
	index = atomic_fetch_add(&slot_count, 1);
	if (index >= THREAD_CPU_MAX)
		return;
	slot = &slots[index];
	(void)snprintf(slot->name, sizeof(slot->name), "%s", name);
	slot->begun_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	if (pthread_getcpuclockid(pthread_self(), &slot->clock) != 0)
		return;
	(void)pthread_setspecific(own_slot, slot);
	atomic_store(&slot->is_taken, true);
}

/* The end is looked at last: the clock of a thread that ended may be another one's by now. */
static uint64_t used_ns(const struct slot *slot)
{
	uint64_t now_ns = clock_ns(slot->clock);
	uint64_t ended_ns = atomic_load(&slot->ended_ns);

	if (ended_ns != 0)
		now_ns = ended_ns;
	return now_ns > slot->begun_ns ? now_ns - slot->begun_ns : 0;
}

void thread_cpu_read(struct thread_cpu *out)
{
	out->count = 0;
	for (size_t i = 0; i < THREAD_CPU_MAX; i++) {
		struct thread_cpu_time *time = &out->times[out->count];

		if (!atomic_load(&slots[i].is_taken))
			continue;
		(void)snprintf(time->name, sizeof(time->name), "%s", slots[i].name);
		time->used_ns = used_ns(&slots[i]);
		out->count++;
	}
}
