/* state_dir.h: the folder in which a sensor keeps what must outlive it.
 *
 *	DIR/<sensor id>/	one journal for each sensor id
 *
 * Both are made with mode 0700 when missing. Whoever can write there can make the sensor publish
 * anything: the folders must belong to the user that the sensor runs as, and to nobody else. */
#ifndef SENSOR_STATE_DIR_H
#define SENSOR_STATE_DIR_H

#define STATE_DIR_ERROR_TEXT 400

/* user: whom the process will become (--user) when it is root now, NULL: it stays as it is. A
 * descriptor of DIR/<sensor id>, or negative errno with error filled. */
int state_dir_open(const char *path, const char *sensor_id, const char *user,
		   char error[STATE_DIR_ERROR_TEXT]);

#endif
