/* main.c: command line, signals and exit code of minecanary-trail. */
#include <signal.h>
#include <string.h>

#include "sensor/trail/run.h"

static _Atomic bool stop;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&stop, true);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
		(void)sigaction(ending[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

int main(int argc, char **argv)
{
	struct options options;
	enum trail_exit code = TRAIL_USAGE;

	if (options_read(&options, argc, argv) == 0) {
		catch_signals();
		code = trail_run(&options, &stop);
	}
	options_fini(&options);
	return (int)code;
}
