/* config.h: everything an operator can set, from one table of options.
 *
 * Each option is one row: name, type, bounds, default, unit, help. The same row feeds the command
 * line (--name), the YAML file (name: value), --print conf|man|completion and --check-config.
 * Defaults are parsed like user input. Read-only after config_load(). */
#ifndef SENSOR_CONFIG_H
#define SENSOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/cloud.h"

#define CONFIG_ERROR_TEXT 512

struct config_list {
	char **items; /* NUL-terminated, owned */
	size_t count;
};

struct config_nets {
	struct net_prefix *items; /* owned */
	size_t count;
};

/* Whose TLS hellos are shown: those of flows that matter, or all. */
enum config_hellos { HELLOS_LISTED, HELLOS_ALL };

/* What goes to the channel of EVE lines. */
enum config_redis_live { REDIS_LIVE_OFF, REDIS_LIVE_ALERTS, REDIS_LIVE_ALL };

enum config_flow_format { FLOW_FORMAT_FLAT, FLOW_FORMAT_EVE };

struct config {
	/* input */
	struct config_list read; /* -r; files, folders, "-" */
	char *interface;         /* -i */
	char *filter;            /* trailing words joined; NULL: none */
	uint32_t snaplen;        /* -s, bytes */
	uint64_t buffer_size;    /* -B, bytes */
	uint64_t shunt_bytes;    /* of a flow, then its packets stay in the kernel; 0: never */
	bool promiscuous;
	bool in_order;
	/* work */
	uint32_t workers;
	uint32_t classify; /* enum classify_mode */
	uint32_t classify_packets;
	uint32_t classify_states;
	uint32_t classify_deadline_ms;
	uint32_t classify_cpu; /* percent of a core, per worker; 0: by default */
	uint32_t flows;        /* capacity over all workers */
	uint32_t idle_s, idle_tcp_s, closed_s, active_s;
	uint32_t inspected_flows;             /* over all workers */
	uint64_t message_memory, held_memory; /* bytes over all workers */
	uint32_t max_alerts, max_sessions;
	uint32_t max_labels;     /* of passive DNS */
	uint32_t hellos;         /* enum config_hellos */
	uint32_t campaign_hosts; /* that raise a campaign */
	/* knowledge */
	char *sensor_id; /* filled after loading: host name live, replay-<host>-<pid> for -r */
	char *tap;       /* names the scope of flows that no row of cloud maps: tap:NAME */
	struct config_list lists;     /* list files */
	struct config_list endpoints; /* more of them: the older name */
	bool default_lists;
	struct config_list inventory; /* files */
	uint32_t inventory_max;       /* leases */
	struct config_nets home;
	struct config_nets nat;
	struct cloud_row *cloud;
	size_t cloud_count;
	uint32_t community_seed;
	/* output */
	char *redis;               /* URL */
	char *redis_password_file; /* its first line; user from the URL */
	char *redis_ca;            /* PEM files for TLS */
	char *redis_cert;
	char *redis_key;
	char *redis_prefix; /* "minecanary" */
	uint64_t redis_alert_maxlen, redis_flow_maxlen, redis_session_maxlen;
	uint32_t redis_expire_s; /* of state hashes */
	uint64_t redis_queue;    /* bytes */
	char *state_dir;         /* of the journal; NULL: none */
	uint64_t journal_size;   /* bytes */
	uint64_t redis_eve_list; /* length of the list of EVE lines, 0: none */
	uint32_t redis_live;     /* enum config_redis_live */
	uint32_t flow_format;    /* enum config_flow_format */
	char *json;              /* --json FILE|- */
	bool null_sink;
	uint32_t stall_timeout_s;
	/* process */
	char *user; /* to become after opening, live */
	uint32_t log_level;
	char *metrics;      /* address and port, NULL: none */
	bool check_config;  /* --check-config */
	bool progress;      /* and standard error is a terminal */
	bool deterministic; /* fixed hash keys: for tests */
	char *config_file;
};

/* Parses the command line and the file it names (-c). 0; 1: done (help, version, print): exit 0;
 * -EINVAL: error says file, line and key, or the option. config must be zeroed. */
int config_load(struct config *config, int argc, char **argv, char error[CONFIG_ERROR_TEXT]);
void config_free(struct config *config);

#endif
