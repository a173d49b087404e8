/* Byte strings -> small numbers in order of first appearance: account names, unit ids, sketch names. */
#ifndef NHIP_SNAPSHOT_TEXT_MAP_H
#define NHIP_SNAPSHOT_TEXT_MAP_H

#include "slice.h"

#include <stdint.h>

#define TEXT_NONE UINT32_MAX

struct text_map;

struct text_map *text_map_create(void);
void text_map_destroy(struct text_map *map);
uint32_t text_map_intern(struct text_map *map, struct slice text);     /* copies the bytes when they are new */
uint32_t text_map_find(const struct text_map *map, struct slice text); /* TEXT_NONE when absent */
uint32_t text_map_count(const struct text_map *map);
struct slice text_map_text(const struct text_map *map, uint32_t number); /* NUL behind it; lives as long as the map */

#endif
