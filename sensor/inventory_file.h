/* inventory_file.h: reads what the AWS CLI prints into an inventory.
 *
 * A file holds one or more JSON documents, one after another, each the output of `aws ec2
 * describe-instances` or `aws ec2 describe-network-interfaces`, in any mix of accounts and regions.
 * Interfaces of NAT gateways give the NAT addresses. What a document does not say stays empty. */
#ifndef SENSOR_INVENTORY_FILE_H
#define SENSOR_INVENTORY_FILE_H

#include <sys/types.h>
#include <time.h>

#include "sensor/inventory.h"

#define INVENTORY_ERROR_TEXT 400

/* How a file looked when it was last read. */
struct inventory_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec mtime;
};

/* Reads all files into one new inventory. 0 or negative errno, with error "FILE:LINE:COLUMN: why"
 * or "FILE: why" filled and *out NULL. stamps: one for each file, set in both cases. */
int inventory_load(struct inventory **out, const char *const *paths, size_t count, size_t max,
		   struct inventory_stamp *stamps, char error[INVENTORY_ERROR_TEXT]);

/* Does any file look different now? A file that is gone looks different from one that was there. */
bool inventory_has_changed(const char *const *paths, size_t count,
			   const struct inventory_stamp *stamps);

/* Adds one file's documents from memory; name stands in error. 0 or negative errno. */
int inventory_read(struct inventory *inventory, const char *name, const char *bytes, size_t len,
		   char error[INVENTORY_ERROR_TEXT]);

#endif
