/*
 * waiting.h
 *	  A job that waits, wherever it does.
 */
#ifndef ESTATE_WAITING_H
#define ESTATE_WAITING_H

#include "job/job.h"

extern bool waiting_may_see(Oid job_role);
extern void waiting_require_rights(int64 id, Oid job_role);
extern Oid	waiting_role(int64 id);
extern Job *waiting_take(int64 id, bool checked, bool leased, JobDoer *done_by);

#endif							/* ESTATE_WAITING_H */
