/*
 * target.c
 *	  Where effects go, and what credential a feed has: a SERVER of the
 *	  foreign data wrapper estate_target.
 *
 * Runs in workers and client backends, inside a transaction.  The catalog
 * holds no secret: a user mapping's secret_ref 'file:NAME' names a file below
 * estate.secrets_dir, read at use.  That file also names the hosts that the
 * secret may go to, so that whoever may change a URL cannot send it elsewhere.
 * Results are in CurrentMemoryContext.
 */
#include "postgres.h"

#include <ctype.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "effect/target.h"
#include "net/net.h"

#define SECRET_MOST_BYTES 65536
#define FOLDER_SCHEME "file://"
#define FOLDER_LEAST_BYTES (64 * 1024 * 1024)	/* with less, the next photo may find no room */

static const char *const kinds[] = {"s3", "folder", "smtp", "http"};
static const char *const server_options[] = {"kind", "url", "region"};
static const char *const mapping_options[] = {"access_key", "username", "secret_ref"};

static bool
is_one_of(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static const char *
target_option(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *def = lfirst(cell);

		if (strcmp(def->defname, name) == 0)
			return defGetString(def);
	}
	return NULL;
}

/* The name in 'file:NAME' */
static const char *
secret_name(const char *reference)
{
	const char *name = reference + strlen("file:");
	bool		fits = strncmp(reference, "file:", strlen("file:")) == 0 &&
		name[0] != '\0' && name[0] != '.';

	for (const char *p = name; fits && *p; p++)
		fits = isalnum((unsigned char) *p) || strchr("._-", *p) != NULL;
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid secret_ref"),
				 errdetail("The name of a secret has letters, digits, dots, dashes and underscores"
						   " only, and does not begin with a dot."),
				 errhint("It must be file:NAME,"
						 " with NAME a file in the directory of estate.secrets_dir.")));
	return name;
}

/* The path of a secret, from 'file:NAME' */
static char *
secret_path(const char *reference)
{
	const char *name = secret_name(reference);

	if (estate_secrets_dir == NULL || estate_secrets_dir[0] != '/')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("estate.secrets_dir is not set"),
				 errhint("ALTER SYSTEM SET estate.secrets_dir = '/etc/pg_estate/secrets';"
						 " SELECT pg_reload_conf();")));
	return psprintf("%s/%s", estate_secrets_dir, name);
}

static char *
read_secret_file(const char *reference)
{
	char	   *path = secret_path(reference);
	struct stat status;
	char	   *text;
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	ssize_t		len;

	if (fd < 0 || fstat(fd, &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read secret \"%s\": %m", reference)));
	if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("secret \"%s\" is not a file that only its owner may read", reference),
				 errhint("Run chmod 0600 on the file.")));
	text = palloc0(SECRET_MOST_BYTES);
	len = read(fd, text, SECRET_MOST_BYTES - 1);
	if (len < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read secret \"%s\": %m", reference)));
	CloseTransientFile(fd);
	return text;
}

/* The value of a line "name = value" of a secret file; NULL: there is none */
static char *
secret_member(const char *text, const char *name)
{
	size_t		len = strlen(name);

	for (const char *line = text; line && *line;
		 line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
	{
		const char *p = line;
		const char *end;

		if (strncmp(p, name, len) != 0)
			continue;
		for (p += len; *p == ' ' || *p == '\t'; p++)
			;
		if (*p != '=')
			continue;
		for (p++; *p == ' ' || *p == '\t'; p++)
			;
		end = p + strcspn(p, "\r\n");
		while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		return pnstrdup(p, end - p);
	}
	return NULL;
}

/* Whether the secret may go to the host of a URL */
static bool
host_is_named(const char *url, const char *hosts)
{
	char	   *list = pstrdup(hosts);
	char	   *rest = NULL;

	for (char *host = strtok_r(list, ", \t", &rest); host; host = strtok_r(NULL, ", \t", &rest))
		if (net_same_origin(url, psprintf("https://%s", host)) ||
			net_same_origin(url, psprintf("http://%s", host)))
			return true;
	return false;
}

/* The options of the role's mapping, or of PUBLIC's; NIL: there is none */
static List *
mapping_of(Oid role, Oid server)
{
	if (!SearchSysCacheExists2(USERMAPPINGUSERSERVER,
							   ObjectIdGetDatum(role), ObjectIdGetDatum(server)) &&
		!SearchSysCacheExists2(USERMAPPINGUSERSERVER,
							   ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(server)))
		return NIL;
	return GetUserMapping(role, server)->options;
}

/* The server of a target, if the role may use it */
static ForeignServer *
usable_server(const char *name, Oid role)
{
	ForeignServer *server = GetForeignServerByName(name, false);
	ForeignDataWrapper *wrapper = GetForeignDataWrapper(server->fdwid);
	AclResult	allowed = server_aclcheck(server->serverid, role, ACL_USAGE);

	if (strcmp(wrapper->fdwname, "estate_target") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" is not a target of pg_estate", name),
				 errhint("CREATE SERVER .. FOREIGN DATA WRAPPER estate_target"
						 " OPTIONS (kind .., url ..);")));
	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_FOREIGN_SERVER, name);
	return server;
}

void
target_require_usage(const char *name, Oid role)
{
	(void) usable_server(name, role);
}

/* The target of that name, if the role may use it; its secret is read */
Target *
target_open(const char *name, Oid role)
{
	Target	   *target = palloc0(sizeof(Target));
	ForeignServer *server = usable_server(name, role);
	const char *reference;

	target->name = pstrdup(name);
	target->kind = target_option(server->options, "kind");
	target->url = target_option(server->options, "url");
	reference = target_option(mapping_of(role, server->serverid), "secret_ref");
	if (reference)
	{
		char	   *text = read_secret_file(reference);
		char	   *hosts = secret_member(text, "hosts");

		target->secret = secret_member(text, "secret");
		explicit_bzero(text, strlen(text));
		if (target->secret == NULL || hosts == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_CONFIG_FILE_ERROR),
					 errmsg("secret \"%s\" lacks a line \"secret = ..\" or \"hosts = ..\"",
							reference)));
		if (target->url && !host_is_named(target->url, hosts))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("the secret of server \"%s\" may not be sent to the host of its url",
							name),
					 errdetail("The line \"hosts = ..\" of the secret does not name it.")));
	}
	return target;
}

/* A URL that the target's secret is going to be sent to must be at the target's own host */
void
target_require_host(const Target *target, const char *url)
{
	if (target->secret == NULL)
		return;
	if (target->url == NULL || !net_same_origin(target->url, url))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the secret of server \"%s\" may not be sent"
						" to another host than that of its url", target->name)));
}

/* The directory of a target of kind folder */
const char *
target_folder(const Target *target)
{
	if (strcmp(target->kind, "folder") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("media can be copied to a target of kind folder, not %s", target->kind)));
	return target->url + strlen(FOLDER_SCHEME);
}

/* What is wrong with a secret, in words, without reading it; NULL: nothing that can be seen */
static const char *
secret_fault(const char *reference)
{
	struct stat status;
	char	   *path;

	if (estate_secrets_dir == NULL || estate_secrets_dir[0] != '/')
		return "estate.secrets_dir is not set";
	path = secret_path(reference);
	if (stat(path, &status) != 0 || access(path, R_OK) != 0)
		return psprintf("the secret \"%s\" cannot be read: %s", reference, strerror(errno));
	if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return psprintf("the secret \"%s\" is not a file that only its owner may read", reference);
	return NULL;
}

static const char *
folder_fault(const char *path)
{
	struct stat status;
	struct statvfs space;

	if (stat(path, &status) != 0)
		return psprintf("folder \"%s\": %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return psprintf("\"%s\" is not a folder", path);
	if (access(path, W_OK | X_OK) != 0)
		return psprintf("folder \"%s\" cannot be written: %s", path, strerror(errno));
	if (statvfs(path, &space) == 0 && (uint64) space.f_bavail * space.f_frsize < FOLDER_LEAST_BYTES)
		return psprintf("folder \"%s\" is full", path);
	return NULL;
}

/*
 * Why a role cannot use a server, and what mends that, both NULL when it can;
 * as target_open() would find it, but without an error.
 */
static const char *
target_fault(const char *name, Oid role, bool is_folder, const char **fix)
{
	ForeignServer *server = GetForeignServerByName(name, true);
	const char *reference;
	const char *fault = NULL;

	if (server == NULL)
	{
		*fix = psprintf("-- CREATE SERVER %s FOREIGN DATA WRAPPER estate_target"
						" OPTIONS (kind .., url ..);", quote_identifier(name));
		return "does not exist";
	}
	if (strcmp(GetForeignDataWrapper(server->fdwid)->fdwname, "estate_target") != 0)
	{
		*fix = psprintf("-- give the feed another server than %s", quote_identifier(name));
		return "is not a target of pg_estate";
	}
	if (server_aclcheck(server->serverid, role, ACL_USAGE) != ACLCHECK_OK)
	{
		char	   *user = GetUserNameFromId(role, true);

		*fix = user ? psprintf("GRANT USAGE ON FOREIGN SERVER %s TO %s;",
							   quote_identifier(name), quote_identifier(user)) :
			"-- the role that the feed is run as is gone: estate.alter_feed() makes it yours";
		return "the role that the feed is run as may not use it";
	}
	reference = target_option(mapping_of(role, server->serverid), "secret_ref");
	if (reference)
		fault = secret_fault(reference);
	if (fault == NULL && is_folder && strcmp(target_option(server->options, "kind"), "folder") == 0)
		fault = folder_fault(target_option(server->options, "url") + strlen(FOLDER_SCHEME));
	if (fault)
		*fix = psprintf("-- on the machine of the server, as the user it runs as: %s", fault);
	return fault;
}

PG_FUNCTION_INFO_V1(estate_target_fault);

/* estate_code.target_fault(server, role, is_folder) -> (fault, fix) */
Datum
estate_target_fault(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	const char *fix = NULL;
	const char *fault = target_fault(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_OID(1),
									 PG_GETARG_BOOL(2), &fix);
	Datum		values[2] = {(Datum) 0, (Datum) 0};
	bool		nulls[2] = {fault == NULL, fix == NULL};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (fault)
		values[0] = CStringGetTextDatum(fault);
	if (fix)
		values[1] = CStringGetTextDatum(fix);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

static void
check_folder(const char *url)
{
	if (url == NULL || strncmp(url, "file:///", 8) != 0 || strstr(url, "/../") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("option \"url\" of a folder must be file:///absolute/path")));
	if (!has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to make a folder of the server a target"),
				 errdetail("Only members of role pg_write_server_files may do that.")));
}

static void
target_check_server(List *options)
{
	const char *kind = target_option(options, "kind");
	const char *url = target_option(options, "url");

	if (kind == NULL || !is_one_of(kind, kinds, lengthof(kinds)))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("option \"kind\" must be s3, folder, smtp or http")));
	if (strcmp(kind, "folder") == 0)
		check_folder(url);
	else if (url && strchr(url, '@') != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("option \"url\" must not hold a name or a password"),
				 errhint("Put the secret into a file,"
						 " and secret_ref 'file:NAME' into the user mapping.")));
}

static void
target_check_mapping(List *options)
{
	const char *reference = target_option(options, "secret_ref");

	if (reference == NULL)
		return;
	if (!has_privs_of_role(GetUserId(), get_role_oid("estate_admin", false)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to refer to a secret"),
				 errdetail("Only members of role estate_admin may set secret_ref.")));
	(void) secret_name(reference);
}

PG_FUNCTION_INFO_V1(estate_target_validator);

/* Validator of the foreign data wrapper estate_target */
Datum
estate_target_validator(PG_FUNCTION_ARGS)
{
	List	   *options = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid			catalog = PG_GETARG_OID(1);
	bool		of_server = catalog == ForeignServerRelationId;
	bool		of_mapping = catalog == UserMappingRelationId;
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *def = lfirst(cell);

		if (!(of_server && is_one_of(def->defname, server_options, lengthof(server_options))) &&
			!(of_mapping && is_one_of(def->defname, mapping_options, lengthof(mapping_options))))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
					 errmsg("invalid option \"%s\"", def->defname),
					 errhint("A server takes kind, url and region;"
							 " a user mapping takes access_key, username and secret_ref.")));
	}
	if (of_server)
		target_check_server(options);
	if (of_mapping)
		target_check_mapping(options);
	PG_RETURN_VOID();
}
