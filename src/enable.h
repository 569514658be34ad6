/*
 * enable.h
 *	  Whether the workers may run in this database, and whether they do.
 */
#ifndef ESTATE_ENABLE_H
#define ESTATE_ENABLE_H

extern void enable_bind(bool enabled);
extern bool enable_is_bound(void);
extern void enable_note_server(void);
extern char *enable_command_to_configure(void);
extern const char *enable_warn_unless_workers_run(void);

#endif							/* ESTATE_ENABLE_H */
