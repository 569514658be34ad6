/*
 * blas.c
 *	  Finds BLAS and LAPACK at first use.  The only file that does.
 *
 * The usual build of OpenBLAS (Debian: libopenblas0-pthread) starts threads
 * the moment it is loaded, and they would run PostgreSQL's signal handlers and
 * be lost in every fork.  So the library is not linked but opened by the
 * backend that calculates, never by the postmaster; with one thread asked for
 * in the environment, and with all signals blocked, so that a thread which is
 * started in spite of that inherits the mask.  PostgreSQL's processes are the
 * parallelism.
 *
 * The function pointers are the state of a process, not of a query: a library
 * stays loaded until the process ends.
 */
#include "postgres.h"

#include <dlfcn.h>
#include <signal.h>

#include "miscadmin.h"

#include "model/blas.h"

/*
 * Fortran passes everything by reference, and the lengths of strings by value
 * after all other arguments.
 */
typedef void (*dsyrk_function) (const char *uplo, const char *trans,
								const int *n, const int *k,
								const double *alpha, const double *a, const int *lda,
								const double *beta, double *c, const int *ldc,
								size_t, size_t);
typedef void (*dtrsm_function) (const char *side, const char *uplo,
								const char *transa, const char *diag,
								const int *m, const int *n,
								const double *alpha, const double *a, const int *lda,
								double *b, const int *ldb,
								size_t, size_t, size_t, size_t);
typedef void (*dgemv_function) (const char *trans, const int *m, const int *n,
								const double *alpha, const double *a, const int *lda,
								const double *x, const int *incx,
								const double *beta, double *y, const int *incy,
								size_t);
typedef void (*dpotrf_function) (const char *uplo, const int *n,
								 double *a, const int *lda, int *info, size_t);

static dsyrk_function dsyrk;
static dtrsm_function dtrsm;
static dgemv_function dgemv;
static dpotrf_function dpotrf;
static bool loaded = false;

static const char openblas_name[] = "libopenblas.so.0";
static const char blas_name[] = "libblas.so.3";
static const char lapack_name[] = "liblapack.so.3";

/* Opens a library as told above.  NULL: dlerror() has the reason. */
static void *
open_quietly(const char *name)
{
	static const char variable[] = "OPENBLAS_NUM_THREADS";
	const char *inherited = getenv(variable);
	char	   *before = inherited ? pstrdup(inherited) : NULL;
	sigset_t	all,
				blocked;
	void	   *library;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &blocked);
	setenv(variable, "1", 1);
	library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (library != NULL)
	{
		void		(*set_threads) (int);

		*(void **) &set_threads = dlsym(library, "openblas_set_num_threads");
		if (set_threads != NULL)
			set_threads(1);
	}
	if (before)
		setenv(variable, before, 1);
	else
		unsetenv(variable);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	return library;
}

static void *
blas_find_function(void *library, const char *library_name, const char *name)
{
	void	   *function = dlsym(library, name);

	if (function == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("library \"%s\" has no function \"%s\"", library_name, name),
				 errhint("Install the Debian package libopenblas0-serial or libopenblas0.")));
	return function;
}

static void
blas_load(void)
{
	const char *name = openblas_name;
	const char *lapack = openblas_name;
	void	   *library;
	void	   *lapack_library;

	/* each process that the postmaster forks would lack its threads but inherit their locks */
	if (!IsUnderPostmaster && IsPostmasterEnvironment)
		elog(ERROR, "BLAS must not be loaded by the postmaster");

	library = lapack_library = open_quietly(openblas_name);
	if (library == NULL)
	{
		name = blas_name;
		lapack = lapack_name;
		library = open_quietly(blas_name);
		lapack_library = open_quietly(lapack_name);
	}
	if (library == NULL || lapack_library == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("neither OpenBLAS nor BLAS and LAPACK could be loaded"),
				 errdetail("Tried \"%s\", then \"%s\" and \"%s\".",
						   openblas_name, blas_name, lapack_name),
				 errhint("Install the Debian package libopenblas0-serial or libopenblas0.")));

	*(void **) &dsyrk = blas_find_function(library, name, "dsyrk_");
	*(void **) &dtrsm = blas_find_function(library, name, "dtrsm_");
	*(void **) &dgemv = blas_find_function(library, name, "dgemv_");
	*(void **) &dpotrf = blas_find_function(lapack_library, lapack, "dpotrf_");
	loaded = true;
}

static inline void
ensure_loaded(void)
{
	if (unlikely(!loaded))
		blas_load();
}

static void
rank_k(int n, int k, double alpha, const double *a, int lda, double *c, int ldc)
{
	const double one = 1.0;

	ensure_loaded();
	dsyrk("L", "N", &n, &k, &alpha, a, &lda, &one, c, &ldc, 1, 1);
}

void
blas_add_products(int n, int k, const double *a, int lda, double *c, int ldc)
{
	rank_k(n, k, 1.0, a, lda, c, ldc);
}

void
blas_subtract_products(int n, int k, const double *a, int lda, double *c, int ldc)
{
	rank_k(n, k, -1.0, a, lda, c, ldc);
}

int
blas_cholesky(int n, double *a, int lda)
{
	int			row = 0;

	ensure_loaded();
	dpotrf("L", &n, a, &lda, &row, 1);
	if (row < 0)
		elog(ERROR, "dpotrf refused its argument %d", -row);
	return row;
}

static void
triangular(const char *side, const char *transposed, int m, int n,
		   const double *l, int ldl, double *b, int ldb)
{
	const double one = 1.0;

	ensure_loaded();
	dtrsm(side, "L", transposed, "N", &m, &n, &one, l, &ldl, b, &ldb, 1, 1, 1, 1);
}

void
blas_solve_lower(int n, int m, const double *l, int ldl, double *b, int ldb)
{
	triangular("L", "N", n, m, l, ldl, b, ldb);
}

void
blas_solve_upper(int n, int m, const double *l, int ldl, double *b, int ldb)
{
	triangular("L", "T", n, m, l, ldl, b, ldb);
}

void
blas_solve_right(int m, int n, const double *l, int ldl, double *b, int ldb)
{
	triangular("R", "T", m, n, l, ldl, b, ldb);
}

void
blas_add_product(int n, int k, const double *a, int lda,
				 const double *x, double *y)
{
	const double one = 1.0;
	const int	step = 1;

	ensure_loaded();
	dgemv("N", &n, &k, &one, a, &lda, x, &step, &one, y, &step, 1);
}

void
blas_product_transposed(int n, int k, const double *a, int lda,
						const double *x, double *y)
{
	const double one = 1.0;
	const double zero = 0.0;
	const int	step = 1;

	ensure_loaded();
	dgemv("T", &n, &k, &one, a, &lda, x, &step, &zero, y, &step, 1);
}
