/* The terminal that `nhip top` draws on: alternate screen, single keys, size. One thread, one terminal. */
#ifndef NHIP_TOP_TERMINAL_H
#define NHIP_TOP_TERMINAL_H

#include <stdbool.h>

/* Takes the terminal over; false when standard input or output is none. Everything is put back by terminal_leave(). */
bool terminal_enter(void);
void terminal_leave(void);
/* Columns and rows as they are now. */
void terminal_size(int *columns, int *rows);

enum terminal_event { TERMINAL_TIME, TERMINAL_QUIT, TERMINAL_RESIZED };
/* Waits for the time, for q (or Ctrl-C, SIGTERM, a hang-up), or for another size. Other keys: as if time had passed. */
enum terminal_event terminal_wait(int timeout_ms);

#endif
