# pg_estate: build with PGXS.  `make demo` and `make check` do everything on a bare Debian 12.

EXTENSION = pg_estate
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" pg_estate.control)
MODULE_big = pg_estate

# the one ordered list: rooms as the data flows, each above what it uses
ROOMS = feed listing score job effect view
LEAVES = parse model net

SOURCES = $(wildcard src/*.c) $(wildcard $(patsubst %,src/%/*.c,process $(ROOMS) $(LEAVES)))
OBJS = $(SOURCES:.c=.o)

# What is released does not change any more; tools/keep_release keeps it for the tests of what follows.  So:
#
# - A table changes by a new step: sql/tables/N/keeper/ROOM.sql for estate.feed and all of estate_internal, which the keeper
#   owns, sql/tables/N/facts/ROOM.sql for the others (see src/rights.c).  The files of the newest step may be edited until they
#   are released, and can be run twice (IF NOT EXISTS); those of earlier steps are frozen (sql/tables/frozen).  Facts are not
#   rewritten: no new type of a column, no volatile default.  A new step is a new ESTATE_TABLES_VERSION in src/estate.h.
# - A view changes in sql/tables/views: each setup() makes the views anew.  New columns come last, so that users' views on ours
#   stay; a change of a view alone needs a step, too, if only an empty one, so that setup() is asked for.
# - A function changes in sql/*.sql.  The scripts of ALTER EXTENSION UPDATE are made of the same files by CREATE OR REPLACE.
#   What that cannot do (what is gone, other arguments or results, rights taken back, a new type) stands in
#   sql/update/VERSION.sql for those that come from that version.
# - Users' views and the views of old dumps call functions: those that views of ours have called stay in sql/kept.sql.
# - C: until ALTER EXTENSION UPDATE the new library serves the old functions.  Where arguments or the result of a function
#   change, its symbol gets another name, and the old one goes to src/gone.c, which says what to do.
STEPS = 1 2
ROOMS_OF_TABLES = market feed listing score job
SQL_FRAGMENTS = $(wildcard $(patsubst %,sql/%.sql,begin setup feed listing job effect score view kept end))
TABLE_STEPS = $(wildcard sql/tables/[0-9]*/*.sql sql/tables/[0-9]*/*/*.sql)
TABLE_VIEWS = $(wildcard $(patsubst %,sql/tables/views/%.sql,feed listing job score view)) sql/tables/grants.sql
RELEASED = $(patsubst sql/update/%.sql,%,$(wildcard sql/update/*.*.*.sql))
UPDATES = $(patsubst %,pg_estate--%--$(EXTVERSION).sql,$(RELEASED))

DATA_built = pg_estate--$(EXTVERSION).sql $(UPDATES)
EXTRA_CLEAN = src/setup_steps.inc pg_estate--*.sql

PG_CONFIG ?= pg_config
PG_CPPFLAGS = -Isrc -DESTATE_VERSION=\"$(EXTVERSION)\" $(shell curl-config --cflags 2>/dev/null)
PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
# the server's own flags and format attributes are gcc's
ifneq ($(findstring clang,$(CC)),)
PG_CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument -Wno-ignored-attributes
endif
SHLIB_LINK = -lcurl -lz -ldl
ifdef ESTATE_ASSERT
PG_CPPFLAGS += -DUSE_ASSERT_CHECKING
endif
override with_llvm = no

# these install packages, build, and run a private server: scripts that call make again
OUTSIDE = demo demo-stop check check-unit walls packages
ifneq ($(filter $(OUTSIDE),$(MAKECMDGOALS)),)
export FEED PRESET MAPPING CURRENCY AREA_UNIT PG_CONFIG MAKE
.PHONY: $(OUTSIDE)
packages:
	@tools/packages install check
demo:
	@tools/demo start
demo-stop:
	@tools/demo stop
check:
	@tools/check
check-unit:
	@tools/check unit
walls:
	@tools/walls
else
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
# objects of another server version, compiler or kind of build are no use
BUILD_KIND = $(VERSION) $(CC) $(ESTATE_ASSERT) $(EXTVERSION)
$(shell mkdir -p .build; echo '$(BUILD_KIND)' | cmp -s - .build/kind || { echo '$(BUILD_KIND)' > .build/kind; rm -f $(OBJS); })
endif
endif

# first of all: are the packages there?  (the apt line to type, if not)
all install: needs
$(OBJS): | needs
needs:
	@PG_CONFIG="$(PG_CONFIG)" tools/packages need build

pg_estate--$(EXTVERSION).sql: $(SQL_FRAGMENTS) pg_estate.control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION pg_estate" to load this file. \quit'; \
	  cat $(SQL_FRAGMENTS) | sed 's/@VERSION@/$(EXTVERSION)/'; } > $@

# types and the foreign data wrapper are there already; the rest is made anew in its place
$(UPDATES): pg_estate--%--$(EXTVERSION).sql: sql/update/%.sql $(SQL_FRAGMENTS) pg_estate.control
	{ printf '%s\n' '\echo Use "ALTER EXTENSION pg_estate UPDATE" to load this file. \quit'; \
	  sed 's/@VERSION@/$(EXTVERSION)/' sql/begin.sql; cat $<; \
	  awk '/^CREATE (TYPE|FOREIGN DATA WRAPPER) / { once = 1 } \
		!once { sub(/^CREATE (FUNCTION|PROCEDURE|AGGREGATE) /, "CREATE OR REPLACE " $$2 " "); print } \
		/;$$/ { once = 0 }' $(filter-out sql/begin.sql,$(SQL_FRAGMENTS)); } > $@

# the text that setup() and teardown() run, as C strings: no file to find at run time
src/setup_steps.inc: Makefile $(TABLE_STEPS) $(TABLE_VIEWS) sql/tables/keeper.sql sql/tables/drop_views.sql sql/tables/drop_tables.sql src/sql_to_c.sed
	{ string() { echo "static const char *const $$1 ="; shift; cat /dev/null "$$@" | sed -f src/sql_to_c.sed; echo '"";'; }; \
	  files() { for room in $(ROOMS_OF_TABLES); do file=sql/tables/$$1/$$room.sql; [ ! -f $$file ] || echo $$file; done; }; \
	  for n in $(STEPS); do \
		string setup_step_$${n}_keeper $$(files $$n/keeper); \
		string setup_step_$${n}_facts $$(files $$n) $$(files $$n/facts); \
	  done; \
	  echo 'static const SetupStep setup_steps[] = {'; \
	  for n in $(STEPS); do echo "{setup_step_$${n}_keeper, setup_step_$${n}_facts},"; done; \
	  echo '};'; \
	  string setup_views $(TABLE_VIEWS); \
	  string setup_keeper sql/tables/keeper.sql; \
	  string teardown_views sql/tables/drop_views.sql; \
	  string teardown_tables sql/tables/drop_tables.sql; } > $@

src/setup.o: src/setup_steps.inc
$(OBJS): $(wildcard src/*.h src/*/*.h)

.PHONY: needs
