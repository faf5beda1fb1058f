/* limits.h: caps of sensor/. What an operator may reasonably change is an option in config.c with
 * its default taken from here; the rest bounds what a stranger can make us do. */
#ifndef SENSOR_LIMITS_H
#define SENSOR_LIMITS_H

/* Headers peeled from one frame; tunnels can be nested for ever. */
#define LIMIT_LAYERS     16
#define LIMIT_VLAN_TAGS  3 /* kept in the flow key; further tags are peeled, not kept */
#define LIMIT_MPLS_STACK 8

/* Datagrams under reassembly, fragments of one, and how long one may take (packet time). */
#define LIMIT_FRAGMENT_DATAGRAMS 1024
#define LIMIT_FRAGMENT_PIECES    64
#define LIMIT_FRAGMENT_BYTES     65535
#define LIMIT_FRAGMENT_TIMEOUT_S 15

/* Packets and bytes of one batch between reader and worker. The arena also holds at least one
 * packet of the largest snaplen. */
#define LIMIT_BATCH_PACKETS 64
#define LIMIT_BATCH_BYTES   (256 * 1024)
#define LIMIT_BATCHES       32 /* per worker, in flight */
#define LIMIT_WORKERS       64
#define LIMIT_MERGE_WAIT_MS 100 /* live: what one worker tells waits no longer for the others */
#define LIMIT_SNAPLEN       262144

/* Flows of one worker whose packets stay in the kernel, and after how many bytes at the earliest:
 * more than LIMIT_HINT_BYTES of payload with all headers. */
#define LIMIT_SHUNTED     8192
#define LIMIT_SHUNT_LEAST 65536

/* One direction of one stream: bytes and segments that wait for a missing one. */
#define LIMIT_STREAM_HELD_BYTES    65536
#define LIMIT_STREAM_HELD_SEGMENTS 64
/* Segments held together have the time of the first; one that came this much later was said later.
 */
#define LIMIT_TIME_SLACK_NS 5000000ull

/* Payload bytes of one direction that are looked at without any hint of a dialect; after that a
 * look every LIMIT_RECHECK_BYTES, so that a tunnel opened late is still found, and at what speaks
 * of mining over HTTP and WebSocket. */
#define LIMIT_HINT_BYTES    16384
#define LIMIT_RECHECK_BYTES 262144
/* Times one flow may be taken under inspection and given up again. */
#define LIMIT_INSPECTIONS 32

/* Connections seen on both sides of a source NAT (packet time). Its two sides begin within
 * LIMIT_NAT_WINDOW_MS; a session that may be an outer side waits LIMIT_NAT_FACT_HOLD_MS for the
 * inner one, a flow record LIMIT_NAT_RECORD_HOLD_MS for the other: flows end at ticks. */
#define LIMIT_NAT_WINDOW_MS      2000
#define LIMIT_NAT_FACT_HOLD_MS   500
#define LIMIT_NAT_RECORD_HOLD_MS 3000
#define LIMIT_NAT_FACTS          1024 /* held at once */
#define LIMIT_NAT_RECORDS        8192 /* held or remembered at once */
#define LIMIT_NAT_CONTACTS       16384
#define LIMIT_NAT_ADDRESSES      1024 /* learnt */
#define LIMIT_NAT_TARGETS        256  /* servers watched by the self-test */
/* Sessions of unknown public clients that waited in vain: after so many no more of them wait. */
#define LIMIT_NAT_DOUBTS 64
/* After that self-test failed: sessions are paired by what their clients say first. */
#define LIMIT_NAT_ECHO_MS 50
#define LIMIT_NAT_ECHOES  4096
/* Handshakes to the same servers on both sides without one pair: the NAT rewrites numbers. */
#define LIMIT_NAT_OPAQUE 200

/* Compressed bodies and messages: bytes one may give, how many times what came in, and how many may
 * be inflated at once by one worker (48 KB each, from first use). */
#define LIMIT_INFLATE_BYTES 262144
#define LIMIT_INFLATE_RATIO 50
#define LIMIT_INFLATERS     128

/* One session: requests that wait for a reply, jobs and shares remembered. */
#define LIMIT_PENDING 128
#define LIMIT_JOBS    32
#define LIMIT_SHARES  128

#define LIMIT_WALLET_TEXT  128
#define LIMIT_WORKER_TEXT  64
#define LIMIT_AGENT_TEXT   96
#define LIMIT_ALGO_TEXT    24
#define LIMIT_REASON_TEXT  64
#define LIMIT_CARRIER_TEXT 48 /* three names */
#define LIMIT_POOL_TEXT    96
#define LIMIT_DOMAIN_TEXT  256 /* a DNS name of 253 bytes; longer when escaped, then cut */
#define LIMIT_KEY_TEXT     40  /* an access key id: 20 characters, more when it is none */
#define LIMIT_NAME_TEXT    64  /* sensor id, interface, account, region, vpc... */

/* Inventory and inquirer: a file's bytes, addresses of NAT gateways; questions that wait in the
 * ring or for their lease; leases of one address that are looked at in Redis; members of one
 * campaign in Redis. */
#define LIMIT_INVENTORY_BYTES  (512u << 20)
#define LIMIT_INVENTORY_NATS   256
#define LIMIT_QUESTIONS        1024
#define LIMIT_PENDING_INQUIRY  8192
#define LIMIT_LEASES_READ      64
#define LIMIT_CAMPAIGN_MEMBERS 100000

/* Campaigns kept, members of one, memberships of one host and of all campaigns: 128 bytes each. */
#define LIMIT_CAMPAIGNS        8192
#define LIMIT_CAMPAIGN_HOSTS   16384
#define LIMIT_HOST_CAMPAIGNS   16
#define LIMIT_CAMPAIGN_ENTRIES 131072

/* Alerts and session ends have a ring of their own, so that flow records never crowd them out. */
#define LIMIT_RING_URGENT_BYTES (4u << 20)
#define LIMIT_RING_BULK_BYTES   (16u << 20)
/* With -r whoever fills a ring waits for whoever empties it: it may be small. */
#define LIMIT_RING_BULK_FILE_BYTES (4u << 20)
/* Waiting bytes before which nobody is woken: of the bulk rings, and with -r of the workers' urgent
 * ones. */
#define LIMIT_RING_WAKE_BYTES (256u << 10)

/* Seconds. */
#define LIMIT_UNANSWERED_S        30 /* a login without any reply */
#define LIMIT_CONTACT_GRACE_S     30 /* a contact waits this long for its session to absorb it */
#define LIMIT_HOSTILE_GRACE_S     2  /* a contact with hostile infrastructure, for its inner side */
#define LIMIT_EPISODE_S           86400  /* silence that ends an alert's episode */
#define LIMIT_REVISION_S          60     /* between revisions that change only evidence */
#define LIMIT_CAMPAIGN_PATIENCE_S 600    /* a weaker key waits, while its host has a stronger one */
#define LIMIT_CAMPAIGN_WAVE_S     300    /* between two joins of one wave */
#define LIMIT_CAMPAIGN_QUIET_S    600    /* silence after which a member's rate counts no more */
#define LIMIT_LABEL_FLOOR_S       3600   /* the least that an answer labels its addresses for */
#define LIMIT_LABEL_TOP_S         604800 /* and the most */
#define LIMIT_SESSION_REPORT_S    60     /* between reports of a running session */
#define LIMIT_TIME_JUMP_S         3600   /* a packet further ahead is clamped and counted */
#define LIMIT_IDENTITY_WAIT_S     3900 /* an unknown identity is asked again for so long, wall time */
#define LIMIT_INQUIRY_POLL_S      15   /* between two looks for it in Redis */
#define LIMIT_SHUTDOWN_S          5    /* SIGTERM to exit, live */

#endif
