/* Directories as wholes. */
#ifndef NHIP_TREE_H
#define NHIP_TREE_H

#include "fault.h"

/* Makes `path` and what is missing above it. False and FAULT_IO. */
bool tree_make(const char *path, struct fault *fault);
/* Removes `path` and everything below it, without following links; a path that does not exist is fine. */
void tree_remove(const char *path);

#endif
