/* inventory_file.c: the AWS CLI's JSON (PascalCase), read with jansson into leases.
 *
 *	{"Reservations": [{"OwnerId", "Instances": [{"InstanceId", "InstanceType", "LaunchTime",
 *	    "Placement": {"AvailabilityZone"}, "PrivateIpAddress", "SubnetId", "VpcId",
 *	    "State": {"Name"}, "NetworkInterfaces": [interface...]}]}]}
 *	{"NetworkInterfaces": [interface...]}
 *	interface: {"NetworkInterfaceId", "InterfaceType", "OwnerId", "AvailabilityZone",
 *	    "PrivateIpAddress", "PrivateIpAddresses": [{"PrivateIpAddress",
 *	    "Association": {"PublicIp"}}], "Ipv6Addresses": [{"Ipv6Address"}],
 *	    "Ipv4Prefixes": [{"Ipv4Prefix"}], "Association": {"PublicIp"},
 *	    "Attachment": {"InstanceId", "AttachTime"}, "SubnetId", "VpcId"}
 *
 * Every key may be missing or of another type than it should be. Reference: Amazon EC2 API,
 * DescribeInstances and DescribeNetworkInterfaces; AWS CLI v1 and v2 output. */
#include "sensor/inventory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#define PREFIX_BITS 28 /* the one length of an interface's IPv4 prefixes */

/* --- names ---------------------------------------------------------------------------------- */

/* A text of an object; empty when it is none or does not fit. */
static void read_name(const json_t *object, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		(void)lease_name(json_string_value(value), json_string_length(value), out, size);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static uint64_t time_of(const json_t *object, const char *key)
{
	uint64_t time_ns;

	return lease_time_read(text_of(object, key), &time_ns) ? time_ns : 0;
}

/* us-east-1 of us-east-1a, also of a local zone (us-east-1-bos-1a): up to the first number. */
static void read_region(const json_t *object, char out[LIMIT_NAME_TEXT])
{
	const char *zone = text_of(object, "AvailabilityZone");
	size_t len = strcspn(zone, "0123456789");

	if (zone[len] == '\0')
		return;
	(void)lease_name(zone, len + strspn(zone + len, "0123456789"), out, LIMIT_NAME_TEXT);
}

/* --- addresses ------------------------------------------------------------------------------ */

struct reader {
	struct inventory *inventory;
	int error; /* out of memory ends it */
};

static void add_address(struct reader *reader, struct lease *lease, const char *ip)
{
	int error;

	if (!lease_name(ip, strlen(ip), lease->ip, sizeof(lease->ip)) || lease->ip[0] == '\0')
		return;
	error = inventory_add(reader->inventory, lease);
	if (error == -ENOMEM)
		reader->error = error;
}

/* The 16 addresses of 10.0.1.16/28: containers have them, no list names them. */
static void add_prefix(struct reader *reader, struct lease *lease, const char *prefix)
{
	char ip[INET_ADDRSTRLEN];
	size_t len = strcspn(prefix, "/");
	struct in_addr first;

	if (len >= sizeof(ip) || strcmp(prefix + len, "/28") != 0)
		return;
	memcpy(ip, prefix, len);
	ip[len] = '\0';
	if (inet_pton(AF_INET, ip, &first) != 1)
		return;
	for (uint32_t i = 0; i < 1u << (32 - PREFIX_BITS); i++) {
		struct in_addr one = { .s_addr = htonl((ntohl(first.s_addr) & ~15u) + i) };

		if (inet_ntop(AF_INET, &one, ip, sizeof(ip)) != NULL)
			add_address(reader, lease, ip);
	}
}

static void add_interface_addresses(struct reader *reader, struct lease *lease, const json_t *eni)
{
	const char *primary = text_of(eni, "PrivateIpAddress");
	const json_t *list;

	add_address(reader, lease, primary);
	add_address(reader, lease, text_of(json_object_get(eni, "Association"), "PublicIp"));
	list = json_object_get(eni, "PrivateIpAddresses");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *ip = text_of(item, "PrivateIpAddress");

		if (strcmp(ip, primary) == 0) /* and its public address was the interface's */
			continue;
		add_address(reader, lease, ip);
		add_address(reader, lease,
			    text_of(json_object_get(item, "Association"), "PublicIp"));
	}
	list = json_object_get(eni, "Ipv6Addresses");
	for (size_t i = 0; i < json_array_size(list); i++)
		add_address(reader, lease, text_of(json_array_get(list, i), "Ipv6Address"));
	list = json_object_get(eni, "Ipv4Prefixes");
	for (size_t i = 0; i < json_array_size(list); i++)
		add_prefix(reader, lease, text_of(json_array_get(list, i), "Ipv4Prefix"));
}

static bool is_nat_gateway(const json_t *eni)
{
	const char *type = text_of(eni, "InterfaceType");

	return strcmp(type, "nat_gateway") == 0 || strcmp(type, "natGateway") == 0;
}

static void add_nat_gateway(struct reader *reader, const json_t *eni)
{
	const json_t *list = json_object_get(eni, "PrivateIpAddresses");

	/* What is no address is refused there. */
	(void)inventory_add_nat(reader->inventory, text_of(eni, "PrivateIpAddress"));
	(void)inventory_add_nat(reader->inventory,
				text_of(json_object_get(eni, "Association"), "PublicIp"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		(void)inventory_add_nat(reader->inventory, text_of(item, "PrivateIpAddress"));
		(void)inventory_add_nat(reader->inventory,
					text_of(json_object_get(item, "Association"), "PublicIp"));
	}
}

/* --- documents ------------------------------------------------------------------------------ */

static void read_place(const json_t *object, struct cloud_identity *identity)
{
	read_name(object, "SubnetId", identity->subnet_id, sizeof(identity->subnet_id));
	read_name(object, "VpcId", identity->vpc_id, sizeof(identity->vpc_id));
}

/* The address is held from when the interface was attached; a launch after that was a restart. */
static uint64_t earliest(uint64_t attached_ns, uint64_t launched_ns)
{
	if (attached_ns == 0 || launched_ns == 0)
		return attached_ns + launched_ns;
	return attached_ns < launched_ns ? attached_ns : launched_ns;
}

/* known: what is known already, of the instance; NULL in a list of interfaces. */
static void read_interface(struct reader *reader, const json_t *eni, const struct lease *known)
{
	struct lease lease = { 0 };
	struct cloud_identity *identity = &lease.identity;
	const json_t *attachment = json_object_get(eni, "Attachment");

	if (is_nat_gateway(eni)) {
		add_nat_gateway(reader, eni);
		return;
	}
	if (known != NULL)
		lease = *known;
	read_name(eni, "OwnerId", identity->account_id, sizeof(identity->account_id));
	read_name(eni, "NetworkInterfaceId", identity->eni_id, sizeof(identity->eni_id));
	read_place(eni, identity);
	read_region(eni, identity->region);
	if (known == NULL)
		read_name(attachment, "InstanceId", identity->instance_id,
			  sizeof(identity->instance_id));
	lease.from_ns = earliest(time_of(attachment, "AttachTime"), lease.identity.launch_ns);
	add_interface_addresses(reader, &lease, eni);
}

static void read_instance(struct reader *reader, const json_t *instance, const char *owner)
{
	const json_t *interfaces = json_object_get(instance, "NetworkInterfaces");
	struct lease lease = { 0 };
	struct cloud_identity *identity = &lease.identity;

	/* It no longer holds an address. */
	if (strcmp(text_of(json_object_get(instance, "State"), "Name"), "terminated") == 0)
		return;
	(void)lease_name(owner, strlen(owner), identity->account_id, sizeof(identity->account_id));
	read_name(instance, "InstanceId", identity->instance_id, sizeof(identity->instance_id));
	read_name(instance, "InstanceType", identity->instance_type,
		  sizeof(identity->instance_type));
	read_region(json_object_get(instance, "Placement"), identity->region);
	read_place(instance, identity);
	identity->launch_ns = time_of(instance, "LaunchTime");
	lease.from_ns = identity->launch_ns;
	for (size_t i = 0; i < json_array_size(interfaces); i++)
		read_interface(reader, json_array_get(interfaces, i), &lease);
	if (json_array_size(interfaces) == 0) {
		add_address(reader, &lease, text_of(instance, "PrivateIpAddress"));
		add_address(reader, &lease, text_of(instance, "PublicIpAddress"));
	}
}

static void read_reservation(struct reader *reader, const json_t *reservation)
{
	const json_t *instances = json_object_get(reservation, "Instances");

	for (size_t i = 0; i < json_array_size(instances); i++)
		read_instance(reader, json_array_get(instances, i),
			      text_of(reservation, "OwnerId"));
}

/* NULL, or what is wrong with it. */
static const char *read_document(struct reader *reader, const json_t *root)
{
	const json_t *reservations = json_object_get(root, "Reservations");
	const json_t *interfaces = json_object_get(root, "NetworkInterfaces");

	if (!json_is_array(reservations) && !json_is_array(interfaces))
		return "neither Reservations nor NetworkInterfaces: what aws ec2 "
		       "describe-instances or describe-network-interfaces prints is wanted";
	for (size_t i = 0; i < json_array_size(reservations); i++)
		read_reservation(reader, json_array_get(reservations, i));
	for (size_t i = 0; i < json_array_size(interfaces); i++)
		read_interface(reader, json_array_get(interfaces, i), NULL);
	return NULL;
}

/* --- bytes ---------------------------------------------------------------------------------- */

/* The words of jansson quote the file. */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			*text = '?';
}

struct place {
	size_t line;
	size_t column; /* bytes before it on its line */
};

static void advance(struct place *place, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		place->column++;
		if (bytes[i] == '\n')
			*place = (struct place){ .line = place->line + 1 };
	}
}

static int refuse(const char *name, const struct place *place, const char *why, char *error)
{
	(void)snprintf(error, INVENTORY_ERROR_TEXT, "%.200s:%zu:%zu: %s", name, place->line,
		       place->column + 1, why);
	make_printable(error);
	return -EINVAL;
}

/* jansson counts from the beginning of its document. */
static int refuse_syntax(const char *name, const struct place *place, const json_error_t *problem,
			 char *error)
{
	size_t lines = problem->line > 0 ? (size_t)problem->line - 1 : 0;
	size_t column = problem->column > 0 ? (size_t)problem->column - 1 : 0;
	struct place there = { .line = place->line + lines,
			       .column = lines > 0 ? column : place->column + column };

	return refuse(name, &there, problem->text, error);
}

static size_t blanks(const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len &&
	       (bytes[n] == ' ' || bytes[n] == '\t' || bytes[n] == '\n' || bytes[n] == '\r'))
		n++;
	return n;
}

int inventory_read(struct inventory *inventory, const char *name, const char *bytes, size_t len,
		   char error[INVENTORY_ERROR_TEXT])
{
	struct reader reader = { .inventory = inventory };
	struct place place = { .line = 1 };
	size_t documents = 0;
	size_t at = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	for (;; documents++) {
		size_t skip = blanks(bytes + at, len - at);
		const char *why;
		json_error_t problem;
		json_t *root;

		advance(&place, bytes + at, skip);
		at += skip;
		if (at == len)
			break;
		root = json_loadb(bytes + at, len - at, JSON_DISABLE_EOF_CHECK, &problem);
		if (root == NULL)
			return refuse_syntax(name, &place, &problem, error);
		why = read_document(&reader, root);
		json_decref(root);
		if (why != NULL)
			return refuse(name, &place, why, error);
		advance(&place, bytes + at, (size_t)problem.position);
		at += (size_t)problem.position;
	}
	if (reader.error < 0 || documents == 0)
		(void)snprintf(error, INVENTORY_ERROR_TEXT, "%.300s: %s", name,
			       reader.error < 0 ? "out of memory" : "is empty");
	return documents == 0 ? -EINVAL : reader.error;
}

/* --- files ---------------------------------------------------------------------------------- */

static struct inventory_stamp stamp_of(const struct stat *stat)
{
	return (struct inventory_stamp){ .device = stat->st_dev,
					 .inode = stat->st_ino,
					 .size = stat->st_size,
					 .mtime = stat->st_mtim };
}

/* A file that is not read: its next change is what counts. */
static void note_stamp(const char *path, struct inventory_stamp *stamp)
{
	struct stat status;

	if (stat(path, &status) == 0)
		*stamp = stamp_of(&status);
}

/* Up to size bytes: the file may be shorter by now. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t len = read(fd, bytes + used, size - used);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		if (len == 0)
			break;
		used += (size_t)len;
	}
	return (ssize_t)used;
}

static int read_open_file(struct inventory *inventory, const char *path, int fd,
			  struct inventory_stamp *stamp, char error[INVENTORY_ERROR_TEXT])
{
	const char *why = NULL;
	struct stat stat;
	ssize_t len;
	char *bytes;
	int result;

	if (fstat(fd, &stat) != 0) {
		(void)snprintf(error, INVENTORY_ERROR_TEXT, "%.300s: %s", path, strerror(errno));
		return -EIO;
	}
	*stamp = stamp_of(&stat);
	if (!S_ISREG(stat.st_mode))
		why = "is no regular file";
	else if (stat.st_size > LIMIT_INVENTORY_BYTES)
		why = "is too large";
	if (why != NULL) {
		(void)snprintf(error, INVENTORY_ERROR_TEXT, "%.300s: %s", path, why);
		return -EINVAL;
	}
	bytes = malloc((size_t)stat.st_size + 1);
	len = bytes != NULL ? read_all(fd, bytes, (size_t)stat.st_size) : -ENOMEM;
	if (len >= 0) {
		result = inventory_read(inventory, path, bytes, (size_t)len, error);
	} else {
		result = (int)len;
		(void)snprintf(error, INVENTORY_ERROR_TEXT, "%.300s: %s", path, strerror(-result));
	}
	free(bytes);
	return result;
}

static int read_file(struct inventory *inventory, const char *path, struct inventory_stamp *stamp,
		     char error[INVENTORY_ERROR_TEXT])
{
	int fd = open(path,
		      O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is refused, not waited for */
	int result;

	if (fd < 0) {
		result = -errno;
		note_stamp(path, stamp);
		(void)snprintf(error, INVENTORY_ERROR_TEXT, "%.300s: %s", path, strerror(-result));
		return result;
	}
	result = read_open_file(inventory, path, fd, stamp, error);
	(void)close(fd);
	return result;
}

int inventory_load(struct inventory **out, const char *const *paths, size_t count, size_t max,
		   struct inventory_stamp *stamps, char error[INVENTORY_ERROR_TEXT])
{
	struct inventory *inventory = inventory_new(max);
	int first = 0;

	*out = NULL;
	memset(stamps, 0, count * sizeof(*stamps));
	if (inventory == NULL) {
		(void)snprintf(error, INVENTORY_ERROR_TEXT, "out of memory");
		return -ENOMEM;
	}
	/* After an error only the other files' stamps are wanted. */
	for (size_t i = 0; i < count; i++) {
		if (first == 0)
			first = read_file(inventory, paths[i], &stamps[i], error);
		else
			note_stamp(paths[i], &stamps[i]);
	}
	if (first < 0) {
		inventory_free(inventory);
		return first;
	}
	inventory_sort(inventory);
	*out = inventory;
	return 0;
}

static bool is_same_stamp(const struct inventory_stamp *a, const struct inventory_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec;
}

bool inventory_has_changed(const char *const *paths, size_t count,
			   const struct inventory_stamp *stamps)
{
	for (size_t i = 0; i < count; i++) {
		struct inventory_stamp now = { 0 };

		note_stamp(paths[i], &now);
		if (!is_same_stamp(&now, &stamps[i]))
			return true;
	}
	return false;
}
