# pg_estate: build with PGXS.  `make demo` and `make check` do everything on a bare Debian 12.

EXTENSION = pg_estate
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" pg_estate.control)
MODULE_big = pg_estate

# the one ordered list: rooms as the data flows, each above what it uses
ROOMS = feed listing score job effect view
LEAVES = parse model net

SOURCES = $(wildcard src/*.c) $(wildcard $(patsubst %,src/%/*.c,process $(ROOMS) $(LEAVES)))
OBJS = $(SOURCES:.c=.o)

SQL_FRAGMENTS = sql/begin.sql $(wildcard $(patsubst %,sql/%.sql,setup feed listing job effect score view)) sql/end.sql
TABLE_STEPS = $(patsubst %,sql/tables/1/%.sql,market feed listing score job schedule)
TABLE_VIEWS = $(wildcard $(patsubst %,sql/tables/views/%.sql,feed listing job schedule score view)) sql/tables/grants.sql

DATA_built = pg_estate--$(EXTVERSION).sql
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
BUILD_KIND = $(VERSION) $(CC) $(ESTATE_ASSERT)
$(shell mkdir -p .build; echo '$(BUILD_KIND)' | cmp -s - .build/kind || { echo '$(BUILD_KIND)' > .build/kind; rm -f $(OBJS); })
endif
endif

# first of all: are the packages there?  (the apt line to type, if not)
all install: needs
$(OBJS): | needs
needs:
	@PG_CONFIG="$(PG_CONFIG)" tools/packages need build

pg_estate--$(EXTVERSION).sql: $(SQL_FRAGMENTS) pg_estate.control
	cat $(SQL_FRAGMENTS) > $@

# the text that setup() and teardown() run, as C strings: no file to find at run time
src/setup_steps.inc: $(TABLE_STEPS) $(TABLE_VIEWS) sql/tables/keeper.sql sql/tables/drop_views.sql sql/tables/drop_tables.sql src/sql_to_c.sed
	{ string() { echo "static const char *const $$1 ="; shift; cat "$$@" | sed -f src/sql_to_c.sed; echo ';'; }; \
	  string setup_step_1 $(TABLE_STEPS); \
	  string setup_views $(TABLE_VIEWS); \
	  string setup_keeper sql/tables/keeper.sql; \
	  string teardown_views sql/tables/drop_views.sql; \
	  string teardown_tables sql/tables/drop_tables.sql; } > $@

src/setup.o: src/setup_steps.inc
$(OBJS): $(wildcard src/*.h src/*/*.h)

.PHONY: needs
