/*
 * fuzz.h
 *	  What the fuzz targets share.
 */
#ifndef ESTATE_FUZZ_H
#define ESTATE_FUZZ_H

#include "postgres.h"

#include "parse/record.h"

extern void fuzz_free_all(void);
extern void fuzz_check_record(const Record *record);

/* A condition that the parsers promise; libFuzzer keeps the input that breaks it */
#define PROMISE(condition) \
	do { if (!(condition)) { fprintf(stderr, "broken promise: %s, line %d\n", #condition, __LINE__); abort(); } } while (0)

#endif							/* ESTATE_FUZZ_H */
