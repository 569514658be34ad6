/*
 * outcome.c
 *	  What the network said, as an error of PostgreSQL.
 *
 * Runs in the steps of tasks.
 */
#include "postgres.h"

#include "job/outcome.h"

static int
sqlstate_of(NetOutcome outcome, int status)
{
	switch (outcome)
	{
		case NET_STATUS:
			if (status == 401 || status == 403)
				return ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
			return status == 404 || status == 410 ? ERRCODE_UNDEFINED_FILE :
				ERRCODE_CONNECTION_FAILURE;
		case NET_BAD_URL:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case NET_FORBIDDEN_ADDRESS:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case NET_UNREACHABLE:
			return ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION;
		case NET_TOO_LARGE:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case NET_SINK:
			return ERRCODE_IO_ERROR;
		case NET_CUT:
		case NET_PROTOCOL:
			return ERRCODE_PROTOCOL_VIOLATION;
		default:
			return ERRCODE_CONNECTION_FAILURE;
	}
}

static const char *
hint_of(NetOutcome outcome, int status)
{
	if (outcome == NET_FORBIDDEN_ADDRESS)
		return "A superuser can name the host in estate.allow_private_hosts.";
	if (outcome == NET_STATUS && (status == 401 || status == 403))
		return "Give the feed a server whose user mapping has a secret_ref,"
			   " or mend the secret it names.";
	return NULL;
}

/* Throws for a request that did not go well; `what` is what it was for */
void
job_require_outcome(const NetRequest *request, const char *what)
{
	NetOutcome	outcome = net_request_outcome(request);
	int			status = net_request_status(request);
	const char *error = net_request_error(request);
	const char *hint = hint_of(outcome, status);

	if (outcome == NET_OK)
		return;
	ereport(ERROR,
			(errcode(sqlstate_of(outcome, status)),
			 errmsg("could not fetch %s", what),
			 errdetail_internal("%s", error ? error : net_outcome_name(outcome)),
			 hint ? errhint("%s", hint) : 0));
}
