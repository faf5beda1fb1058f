/* config_print.c: the option table as sample file, manual page and shell completion. The committed
 * copies are compared with this output by the tests, so they cannot drift. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensor/option.h"

static const char *metavar(const struct option_row *row)
{
	if (row->type == OPTION_FLAG)
		return "yes|no";
	return row->unit != NULL ? row->unit : row->choices;
}

/* --- sample configuration ------------------------------------------------------------------- */

static void conf_example(const struct option_row *row)
{
	if (row->type == OPTION_CLOUD)
		(void)printf("#cloud:\n"
			     "#  - vni: 4097\n"
			     "#    prefix: 10.0.0.0/16\n"
			     "#    provider: aws\n"
			     "#    account: \"111122223333\"\n"
			     "#    region: us-east-1\n"
			     "#    vpc: vpc-0a11b22c33d44e55f\n");
	else if (row->type == OPTION_NETS)
		(void)printf("#%s: [10.0.0.0/8, 192.168.0.0/16]\n", row->name);
	else if (row->type == OPTION_LIST)
		(void)printf("#%s: []\n", row->name);
	else
		(void)printf("#%s:%s%s\n", row->name, row->dflt != NULL ? " " : "",
			     row->dflt != NULL ? row->dflt : "");
}

static void print_conf(void)
{
	const char *group = NULL;

	(void)printf("# minecanary.yaml: every option, commented out at its default.\n"
		     "# Check with: minecanary -c FILE --check-config\n");
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->use == OPTION_COMMAND_ONLY)
			continue;
		if (row->group != group) {
			group = row->group;
			(void)printf("\n## %s\n", group);
		}
		(void)printf("\n# %s", row->help);
		if (row->choices != NULL)
			(void)printf(" (%s)", row->choices);
		else if (row->max > row->min && row->type != OPTION_FLAG)
			(void)printf(" (%llu to %llu)", (unsigned long long)row->min,
				     (unsigned long long)row->max);
		(void)printf(".\n");
		conf_example(row);
	}
}

/* --- manual page ---------------------------------------------------------------------------- */

/* Text in roff: a dash is \-, a backslash \e. */
static void roff(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '-')
			(void)printf("\\-");
		else if (*text == '\\')
			(void)printf("\\e");
		else
			(void)putchar(*text);
	}
}

static void man_option(const struct option_row *row)
{
	(void)printf(".TP\n.BR ");
	if (row->letter != 0)
		(void)printf("\\-%c \", \" ", row->letter);
	(void)printf("\\-\\-");
	roff(row->name);
	(void)printf(row->type == OPTION_FLAG ? " [=\\fI" : " \" \\fI");
	roff(metavar(row));
	(void)printf(row->type == OPTION_FLAG ? "\\fR]\n" : "\\fR\"\n");
	roff(row->help);
	if (row->dflt != NULL) {
		(void)printf(" (default: ");
		roff(row->dflt);
		(void)printf(")");
	}
	(void)printf(".\n");
}

static const char man_head[] =
	".TH MINECANARY 8 \"\" \"minecanary\" \"System Administration\"\n"
	".SH NAME\n"
	"minecanary \\- decode crypto\\-mining sessions on the wire\n"
	".SH SYNOPSIS\n"
	".B minecanary \\-r\n.I FILE...\n.RI [ option... ]\n.RI [ \"BPF filter\" ]\n.br\n"
	".B minecanary \\-i\n.I IFACE\n.RI [ option... ]\n.RI [ \"BPF filter\" ]\n"
	".SH DESCRIPTION\n"
	"A passive network sensor: it reads a mirror port or captures, keeps state per flow, "
	"decodes\n"
	"mining sessions (wallet, worker, agent, shares, hash rate), and publishes flow records,\n"
	"sessions and alerts into Redis or as EVE JSON. Without an output, alerts and a table of\n"
	"miners are written to standard output as text.\n"
	".SH OPTIONS\n"
	".TP\n.BR \\-c \", \" \\-\\-config \" \\fIFILE\\fR\"\n"
	"Read options from a YAML file; the command line overrides it.\n"
	".TP\n.BR \\-\\-check\\-config\nCheck options and lists, then exit.\n"
	".TP\n.BR \\-\\-print \" \\fIconf|man|completion\\fR\"\n"
	"Print a sample configuration, this page or the shell completion.\n";

static const char man_tail[] =
	".SH EXIT STATUS\n"
	".TP\n.B 0\nDone.\n"
	".TP\n.B 1\nUsage or configuration, or an output that cannot be opened.\n"
	".TP\n.B 2\nInput unreadable or damaged; everything before the damage was published.\n"
	".TP\n.B 3\nEvents were lost.\n"
	".SH SIGNALS\n"
	".TP\n.BR SIGINT \", \" SIGTERM\nPublish what is known and end.\n"
	".TP\n.B SIGHUP\nLive: read the lists again; when one is bad, the old lists stay and the "
	"log names file and line.\nOtherwise as SIGTERM.\n"
	".TP\n.B SIGUSR1\nWrite the counters to the log, without the zeros.\n"
	".SH SEE ALSO\n"
	".BR pcap\\-filter (7)\n";

static void print_man(void)
{
	const char *group = NULL;

	(void)fputs(man_head, stdout);
	for (size_t i = 0; i < option_count; i++) {
		if (option_rows[i].group != group) {
			group = option_rows[i].group;
			(void)printf(".SS %s\n", group);
		}
		man_option(&option_rows[i]);
	}
	(void)fputs(man_tail, stdout);
}

/* --- completion ----------------------------------------------------------------------------- */

static void completion_values(const struct option_row *row)
{
	const char *words = metavar(row);

	(void)printf("\t--%s) COMPREPLY=($(compgen -W '", row->name);
	for (; *words != '\0'; words++)
		(void)putchar(*words == '|' ? ' ' : *words);
	(void)printf("' -- \"$word\")); return ;;\n");
}

static void print_completion(void)
{
	(void)printf("# bash completion for minecanary\n"
		     "_minecanary()\n{\n"
		     "\tlocal word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
		     "\tCOMPREPLY=()\n"
		     "\tcase $previous in\n");
	for (size_t i = 0; i < option_count; i++)
		if (option_rows[i].type == OPTION_CHOICE)
			completion_values(&option_rows[i]);
	(void)printf(
		"\t-i|--interface) COMPREPLY=($(compgen -W \"$(command ls /sys/class/net)\" -- "
		"\"$word\")); return ;;\n"
		"\t--print) COMPREPLY=($(compgen -W 'conf man completion' -- \"$word\")); return "
		";;\n"
		"\tesac\n"
		"\tcase $word in\n"
		"\t-*) COMPREPLY=($(compgen -W '--config --check-config --print --help --version");
	for (size_t i = 0; i < option_count; i++)
		(void)printf(" --%s", option_rows[i].name);
	(void)printf("' -- \"$word\")) ;;\n"
		     "\t*) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
		     "\tesac\n"
		     "}\n"
		     "complete -o filenames -F _minecanary minecanary\n");
}

int config_print(const char *what, char error[CONFIG_ERROR_TEXT])
{
	if (strcmp(what, "conf") == 0) {
		print_conf();
	} else if (strcmp(what, "man") == 0) {
		print_man();
	} else if (strcmp(what, "completion") == 0) {
		print_completion();
	} else {
		(void)snprintf(error, CONFIG_ERROR_TEXT,
			       "--print: \"%.40s\" is not conf, man or completion", what);
		return -EINVAL;
	}
	return 0;
}
