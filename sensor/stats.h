/* stats.h: every counter of the sensor, in one list.
 *
 * Each thread owns one struct stats and is its only writer; others read it at any time (relaxed
 * atomics), and sums are taken when published. To add a counter: one line. */
#ifndef SENSOR_STATS_H
#define SENSOR_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS(X) \
	X(packets, "frames read") \
	X(bytes, "captured bytes read") \
	X(kernel_received, "live: frames the kernel's filter let through") \
	X(kernel_dropped, "live: frames the kernel dropped, its ring was full") \
	X(interface_dropped, "live: frames the interface dropped") \
	X(time_clamped, "frames whose time went back or jumped ahead") \
	X(decap_packets, "innermost IP packets found") \
	X(decap_not_ip, "frames without an IP packet") \
	X(decap_malformed, "headers too short or inconsistent") \
	X(decap_too_deep, "frames with more layers than the cap") \
	X(decap_cut, "packets cut by the snaplen") \
	X(fragments, "IP fragments seen") \
	X(fragments_joined, "datagrams reassembled") \
	X(fragments_dropped, "fragments dropped: overlap, cap or time-out") \
	X(handled, "packets handled by the workers") \
	X(handled_most, "packets handled by the busiest worker") \
	X(handled_least, "packets handled by the least busy worker") \
	X(flows, "flows opened") \
	X(flows_active, "flows in the table now") \
	X(flows_evicted, "flows ended to make room") \
	X(flows_shunted, "times that packets of a flow began to stay in the kernel") \
	X(shunted_packets, "packets that stayed in the kernel, counted when they no longer do") \
	X(shunt_refused, "flows that could not stay in the kernel: no room in its map") \
	X(flow_records, "flow records made") \
	X(flow_table_full, "packets without a flow: nothing could be evicted") \
	X(classified, "flows with an nDPI label") \
	X(classify_capped, "flows not given to nDPI: too many live states") \
	X(classify_shed, "flows not given to nDPI: its share of CPU was used up, or packets lost") \
	X(classify_ms, "CPU time that nDPI took, by sample") \
	X(inspected, "flows taken under inspection") \
	X(inspect_capped, "flows not inspected: cap reached") \
	X(carriers, "carriers recognised: HTTP, WebSocket, SOCKS, TLS, PROXY") \
	X(carriers_capped, "carriers not opened: no memory left for them") \
	X(inflate_refused, "compressed messages not read: bombs, damage or cap") \
	X(stream_bytes, "stream bytes given to dialects") \
	X(stream_gaps, "gaps in streams under inspection") \
	X(stream_held_capped, "gaps declared because the window was full") \
	X(messages, "messages decoded by a dialect") \
	X(messages_unknown, "messages no dialect knew") \
	X(messages_bad, "bytes that could not be framed") \
	X(asides_capped, "messages behind strange words not kept until they count: cap reached") \
	X(findings, "findings reported by dialects") \
	X(sessions, "mining sessions opened") \
	X(shares, "shares counted") \
	X(shares_repeated, "shares seen again and not counted") \
	X(pending_dropped, "requests forgotten before their reply") \
	X(facts, "facts handed to the correlator") \
	X(facts_refused, "facts refused by a full ring and offered again") \
	X(records_dropped, "flow records dropped by a full ring") \
	X(batches_dropped, "packets dropped between reader and worker") \
	X(dns_messages, "DNS messages read") \
	X(dns_malformed, "messages on DNS's port that are none") \
	X(hellos, "TLS and QUIC hellos read") \
	X(openings_capped, "first words and late requests in parts not gathered: cap reached") \
	X(names_listed, "listed names seen") \
	X(answers_dropped, "DNS answers dropped by a full ring") \
	X(dns_labels, "labels in passive DNS now") \
	X(dns_labels_evicted, "labels forgotten to make room") \
	X(alerts, "alerts raised") \
	X(alert_revisions, "alert revisions published") \
	X(alerts_absorbed, "contact alerts absorbed by a session") \
	X(correlator_capped, "entries refused by a full correlator table") \
	X(nat_pairs, "connections seen on both sides of a source NAT") \
	X(nat_joined, "facts and records of an outer side, told with the inner one") \
	X(nat_held, "facts and records held back for their other side") \
	X(nat_hold_capped, "held ones let go early: no room for more") \
	X(campaign_members, "hosts that joined a campaign") \
	X(campaigns_capped, "campaigns and members forgotten to make room") \
	X(decisions_dropped, "flow events dropped by a full ring") \
	X(questions, "questions answered by the inquirer") \
	X(questions_unreachable, "questions Redis did not answer") \
	X(identities_late, "cloud identities that became known later") \
	X(identities_dropped, "unknown identities not asked again: cap") \
	X(events, "events rendered") \
	X(events_published, "events taken by every sink") \
	X(events_lost, "events a sink could not take") \
	X(redis_commands, "commands acknowledged by Redis") \
	X(redis_errors, "error replies of Redis") \
	X(redis_reconnects, "connections to Redis opened after the first") \
	X(mirror_refused, "commands of the EVE list and channel refused or not sent") \
	X(redis_queued, "commands without Redis's reply now") \
	X(redis_latency_ms, "time from the queue to Redis's reply, last sample") \
	X(lag_ms, "live: how far the packets' time is behind the clock") \
	X(facts_waiting_bytes, "bytes on the rings to the correlator now") \
	X(decisions_waiting_bytes, "bytes on the rings to the publisher now") \
	X(redis_dropped, "flow records dropped from memory while Redis was away") \
	X(journalled, "events written to the journal") \
	X(journal_retired, "events retired from the journal: acknowledged by Redis") \
	X(journal_pending, "events in the journal now") \
	X(journal_syncs, "times that the journal was synced, each for all that came meanwhile") \
	X(journal_wait_ms, "longest time from an event's write to the journal to its sync") \
	X(journal_refused, "events that the journal could not take or not make durable") \
	X(journal_resent, "events of the journal sent after they had waited in it") \
	X(journal_held, "of those, stream entries that Redis held already") \
	X(journal_renamed, "of those, entries that needed a new id: the stream had gone on")

struct stats {
#define STATS_FIELD(name, help) uint64_t name;
	STATS(STATS_FIELD)
#undef STATS_FIELD
};

#define STATS_COUNT (sizeof(struct stats) / sizeof(uint64_t))

/* Owner only. */
#define stats_add(counter, n) \
	__atomic_store_n(&(counter), __atomic_load_n(&(counter), __ATOMIC_RELAXED) + (n), \
			 __ATOMIC_RELAXED)
#define stats_set(counter, n) __atomic_store_n(&(counter), (n), __ATOMIC_RELAXED)

/* Adds every counter of one to sum; one may be changing meanwhile. */
void stats_merge(struct stats *sum, const struct stats *one);

const char *stats_name(size_t index);
const char *stats_help(size_t index);
/* True for what goes down, too: a level now, not a count since the start. */
bool stats_is_level(size_t index);
uint64_t stats_value(const struct stats *stats, size_t index);

#endif
