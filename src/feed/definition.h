/*
 * definition.h
 *	  What a user says a feed is.
 */
#ifndef ESTATE_DEFINITION_H
#define ESTATE_DEFINITION_H

#include "estate.h"

#include "feed/mapping.h"
#include "utils/jsonb.h"

/* The parts of a feed that a user may get wrong; NULL: none */
typedef struct FeedDefinition
{
	char	   *preset;
	char	   *url;
	char	   *server;
	Jsonb	   *mapping;
	Jsonb	   *options;
} FeedDefinition;

/* An ERROR when such a feed cannot work, or needs rights that the caller does not have */
extern Mapping *definition_check(const FeedDefinition *feed);

#endif							/* ESTATE_DEFINITION_H */
