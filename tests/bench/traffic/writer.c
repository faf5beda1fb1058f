/* writer.c: the bytes of headers and records. */
#include "writer.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define FILE_BUFFER (1 << 20)

int writer_open(struct writer *self, const char *path)
{
	const uint32_t header[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1 };

	self->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
	if (self->file == NULL)
		return -errno;
	setvbuf(self->file, NULL, _IOFBF, FILE_BUFFER);
	fwrite(header, sizeof(header), 1, self->file);
	return 0;
}

int writer_close(struct writer *self)
{
	int rc = ferror(self->file) ? -EIO : 0;

	if (fclose(self->file) != 0)
		rc = -errno;
	self->file = NULL;
	return rc;
}

uint64_t next_random(struct writer *self)
{
	uint64_t x = self->seed += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t random_gap(struct writer *self, uint64_t mean, uint64_t most)
{
	double even = (double)(next_random(self) >> 11) / 9007199254740992.0;
	uint64_t gap = 1 + (uint64_t)(-log(1 - even) * (double)mean);

	return gap < most ? gap : most;
}

uint64_t scatter(uint64_t number)
{
	uint64_t x = number * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	return x ^ x >> 27;
}

void put_u16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

void put_u32(uint8_t *out, uint32_t value)
{
	put_u16(out, value >> 16);
	put_u16(out + 2, value & 0xffff);
}

void fill_random(struct writer *self, size_t from, size_t to)
{
	for (size_t at = from; at < to; at += 8) {
		uint64_t word = next_random(self);

		memcpy(self->frame + at, &word, to - at < 8 ? to - at : 8);
	}
}

void add_bytes(struct writer *self, const void *bytes, size_t len)
{
	memcpy(self->frame + self->at, bytes, len);
	self->at += len;
}

void add_text(struct writer *self, const char *text)
{
	add_bytes(self, text, strlen(text));
}

void add_u8(struct writer *self, unsigned value)
{
	self->frame[self->at++] = (uint8_t)value;
}

void add_u16(struct writer *self, unsigned value)
{
	put_u16(self->frame + self->at, value);
	self->at += 2;
}

void add_u32(struct writer *self, uint32_t value)
{
	put_u32(self->frame + self->at, value);
	self->at += 4;
}

void add_random(struct writer *self, size_t len)
{
	fill_random(self, self->at, self->at + len);
	self->at += len;
}

uint32_t client_of(uint64_t number)
{
	return 0x0a000000u | (uint32_t)(number * 2654435761u & 0xffffff);
}

void put_addresses(struct writer *self, uint32_t client, uint32_t server, bool is_reply,
		   uint8_t proto, size_t ip_len)
{
	uint8_t *ip = self->frame + ETHER_BYTES;
	uint32_t sum = 0;

	memset(self->frame, 0, ETHER_BYTES + IP_BYTES);
	self->frame[is_reply ? 5 : 11] = 2;
	self->frame[is_reply ? 11 : 5] = 1;
	put_u16(self->frame + 12, 0x0800);
	ip[0] = 0x45;
	put_u16(ip + 2, (unsigned)ip_len);
	put_u16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = proto;
	put_u32(ip + 12, is_reply ? server : client);
	put_u32(ip + 16, is_reply ? client : server);
	for (size_t i = 0; i < IP_BYTES; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	put_u16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

void put_tcp(struct writer *self, uint32_t seq[2], bool is_reply, unsigned flags, size_t len)
{
	uint8_t *tcp = self->frame + ETHER_BYTES + IP_BYTES;

	put_u32(tcp + 4, seq[is_reply]);
	put_u32(tcp + 8, flags & ACK ? seq[!is_reply] : 0);
	tcp[12] = 0x50;
	tcp[13] = (uint8_t)flags;
	put_u16(tcp + 14, 65535);
	put_u32(tcp + 16, 0);
	seq[is_reply] += (uint32_t)len + (flags & (SYN | FIN) ? 1 : 0);
}

void write_bytes(struct writer *self, const uint8_t *bytes, size_t len, size_t wire_len)
{
	uint32_t header[4] = { START_S + (uint32_t)(self->time_us / 1000000),
			       (uint32_t)(self->time_us % 1000000), (uint32_t)len,
			       (uint32_t)wire_len };

	fwrite(header, sizeof(header), 1, self->file);
	fwrite(bytes, len, 1, self->file);
	self->time_us += self->step_us;
}

void write_frame(struct writer *self, size_t len)
{
	write_bytes(self, self->frame, len, len);
}

void begin_segment(struct writer *self)
{
	self->at = TCP_HEAD;
}

static void put_talk(struct writer *self, const struct talk *talk, bool is_reply, uint8_t proto)
{
	uint8_t *l4 = self->frame + ETHER_BYTES + IP_BYTES;

	put_addresses(self, talk->client, talk->server, is_reply, proto, self->at - ETHER_BYTES);
	put_u16(l4, is_reply ? talk->server_port : talk->client_port);
	put_u16(l4 + 2, is_reply ? talk->client_port : talk->server_port);
}

void write_segment(struct writer *self, struct talk *talk, bool is_reply, unsigned flags)
{
	put_talk(self, talk, is_reply, 6);
	put_tcp(self, talk->seq, is_reply, flags, self->at - TCP_HEAD);
	write_frame(self, self->at);
}

void begin_datagram(struct writer *self)
{
	self->at = UDP_HEAD;
}

void write_datagram(struct writer *self, const struct talk *talk, bool is_reply)
{
	uint8_t *udp = self->frame + ETHER_BYTES + IP_BYTES;

	put_talk(self, talk, is_reply, 17);
	put_u16(udp + 4, (unsigned)(self->at - ETHER_BYTES - IP_BYTES));
	put_u16(udp + 6, 0);
	write_frame(self, self->at);
}
