/*
 * media.h
 *	  Copy the photos of listings to a target, as a task.
 */
#ifndef ESTATE_MEDIA_H
#define ESTATE_MEDIA_H

#include "job/task.h"

extern const TaskHandler media_task_handler;

#endif							/* ESTATE_MEDIA_H */
