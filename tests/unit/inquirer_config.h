/* inquirer_config.h: the options of an inquirer that asks the test's own Redis. */
#ifndef TESTS_UNIT_INQUIRER_CONFIG_H
#define TESTS_UNIT_INQUIRER_CONFIG_H

#include "sensor/inquirer.h"
#include "tests/unit/redis_server.h"

static char prefix[] = "m";
static char url[128];
static struct config config;
static struct stats stats;
static struct inquirer_options options;

static inline void inquirer_config(void)
{
	snprintf(url, sizeof(url), "unix://%s", server.socket);
	memset(&stats, 0, sizeof(stats));
	config = (struct config){
		.redis = url, .redis_prefix = prefix, .redis_expire_s = 1000, .inventory_max = 100
	};
	options = (struct inquirer_options){
		.config = &config, .stats = &stats, .poll_ms = 30, .files_ms = 20
	};
}

#endif
