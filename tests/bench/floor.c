/* floor.c: what libpcap alone costs: opens a file, counts packets and bytes.
 *
 *   floor FILE */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

struct totals {
	uint64_t packets;
	uint64_t bytes;
};

static void on_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct totals *totals = (void *)user;

	(void)bytes;
	totals->packets++;
	totals->bytes += header->caplen;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct totals totals = { 0, 0 };
	pcap_t *pcap;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: floor FILE\n");
		return 2;
	}
	pcap = pcap_open_offline(argv[1], error);
	if (pcap == NULL) {
		fprintf(stderr, "floor: %s\n", error);
		return 1;
	}
	rc = pcap_dispatch(pcap, -1, on_frame, (u_char *)&totals);
	if (rc < 0)
		fprintf(stderr, "floor: %s\n", pcap_geterr(pcap));
	printf("%" PRIu64 " packets, %" PRIu64 " bytes\n", totals.packets, totals.bytes);
	pcap_close(pcap);
	return rc < 0;
}
