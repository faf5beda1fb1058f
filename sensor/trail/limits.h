/* limits.h: caps of minecanary-trail. Each bounds what records of a stranger can make us keep; what
 * finds no room is counted in struct store_counts. */
#ifndef TRAIL_LIMITS_H
#define TRAIL_LIMITS_H

#define TRAIL_ELEMENT_BYTES (8u << 20) /* one record, finding or reservation as text */
#define TRAIL_DEPTH         64         /* of nested JSON */
#define TRAIL_FILES         (4u << 20) /* names found in folders */
#define TRAIL_FOLDER_DEPTH  32
#define TRAIL_NAMES_BYTES   (256u << 20) /* all distinct texts together */
#define TRAIL_TEXT          512          /* bytes of one text that are kept */
#define TRAIL_IDENTITIES    100000
#define TRAIL_USES          400000
#define TRAIL_EDGES         200000
#define TRAIL_DEEDS         400000
#define TRAIL_INSTANCES     400000
#define TRAIL_ALERTS        200000
#define TRAIL_FINDINGS      50000
#define TRAIL_SIGHTINGS     200000
#define TRAIL_CHANGES       64   /* of state, per instance */
#define TRAIL_ADDRESSES     64   /* private addresses of one instance */
#define TRAIL_ITEMS         1000 /* of one list inside a record */
#define TRAIL_DETECTIONS    10000
#define TRAIL_INCIDENTS     1000

#endif
