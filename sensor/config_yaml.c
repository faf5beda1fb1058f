/* config_yaml.c: the configuration file.
 *
 * A mapping of option names to scalars, or to sequences for options that may be repeated; `cloud`
 * is a sequence of mappings. Read as a libyaml document, whose nodes know their lines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "sensor/option.h"

struct yaml_file {
	struct config *config;
	const char *path;
	yaml_document_t document;
	char *error; /* CONFIG_ERROR_TEXT bytes */
};

static unsigned line_of(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

static int refuse(struct yaml_file *file, const yaml_node_t *node, const char *key, const char *why)
{
	(void)snprintf(file->error, CONFIG_ERROR_TEXT, "%s:%u: %.60s: %s", file->path,
		       line_of(node), key, why);
	return -EINVAL;
}

/* NULL unless the node is a scalar without NUL bytes: libyaml ends it with a NUL of its own. */
static const char *scalar(const yaml_node_t *node)
{
	const char *text;

	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}

static int read_cloud_row(struct yaml_file *file, const yaml_node_t *map)
{
	char why[OPTION_WHY];

	if (map->type != YAML_MAPPING_NODE)
		return refuse(file, map, "cloud", "each row is a mapping of keys to values");
	if (option_cloud_begin(file->config, line_of(map), why) != 0)
		return refuse(file, map, "cloud", why);
	for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&file->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&file->document, pair->value);

		if (scalar(key) == NULL || scalar(value) == NULL)
			return refuse(file, key, "cloud", "a key or value is not plain text");
		if (option_cloud_set(file->config, scalar(key), scalar(value), why) != 0)
			return refuse(file, key, "cloud", why);
	}
	if (option_cloud_end(file->config, why) != 0)
		return refuse(file, map, "cloud", why);
	return 0;
}

static int read_item(struct yaml_file *file, const struct option_row *row, const yaml_node_t *value)
{
	char why[OPTION_WHY];

	if (row->type == OPTION_CLOUD)
		return read_cloud_row(file, value);
	if (scalar(value) == NULL)
		return refuse(file, value, row->name, "the value is not plain text");
	if (option_set(file->config, row, scalar(value), why) != 0)
		return refuse(file, value, row->name, why);
	return 0;
}

static bool is_list(const struct option_row *row)
{
	return row->type == OPTION_LIST || row->type == OPTION_NETS || row->type == OPTION_CLOUD;
}

static int read_sequence(struct yaml_file *file, const struct option_row *row,
			 const yaml_node_t *list)
{
	if (!is_list(row))
		return refuse(file, list, row->name, "takes one value, not a list");
	for (const yaml_node_item_t *item = list->data.sequence.items.start;
	     item < list->data.sequence.items.top; item++) {
		int result = read_item(file, row, yaml_document_get_node(&file->document, *item));

		if (result != 0)
			return result;
	}
	return 0;
}

static bool is_repeated(struct yaml_file *file, const yaml_node_t *root, const yaml_node_t *key)
{
	for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *other = yaml_document_get_node(&file->document, pair->key);

		if (other == key)
			return false;
		if (scalar(other) != NULL && strcmp(scalar(other), scalar(key)) == 0)
			return true;
	}
	return false;
}

static int read_pair(struct yaml_file *file, const yaml_node_t *root, const yaml_node_t *key,
		     const yaml_node_t *value)
{
	const struct option_row *row;

	if (scalar(key) == NULL)
		return refuse(file, key, "key", "not plain text");
	row = option_find(scalar(key));
	if (row == NULL)
		return refuse(file, key, scalar(key), "there is no such option");
	if (row->use == OPTION_COMMAND_ONLY)
		return refuse(file, key, row->name, "belongs on the command line");
	if (is_repeated(file, root, key))
		return refuse(file, key, row->name, "is given twice");
	if (value->type == YAML_SEQUENCE_NODE)
		return read_sequence(file, row, value);
	if (value->type == YAML_SCALAR_NODE && value->data.scalar.length == 0)
		return is_list(row) ? 0 : refuse(file, key, row->name, "has no value");
	return read_item(file, row, value);
}

static int read_root(struct yaml_file *file)
{
	yaml_node_t *root = yaml_document_get_root_node(&file->document);

	if (root == NULL)
		return 0; /* an empty file sets nothing */
	if (root->type != YAML_MAPPING_NODE)
		return refuse(file, root, "file", "is not a mapping of options to values");
	for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		int result =
			read_pair(file, root, yaml_document_get_node(&file->document, pair->key),
				  yaml_document_get_node(&file->document, pair->value));

		if (result != 0)
			return result;
	}
	return 0;
}

/* What follows a "---" is not read: it must not look as if it were. */
static int refuse_second_document(struct yaml_file *file, yaml_parser_t *parser)
{
	yaml_document_t next;
	yaml_node_t *root;
	int result = 0;

	if (yaml_parser_load(parser, &next) == 0) {
		(void)snprintf(file->error, CONFIG_ERROR_TEXT, "%s:%u: %s", file->path,
			       (unsigned)parser->problem_mark.line + 1,
			       parser->problem != NULL ? parser->problem : "cannot be read");
		return -EINVAL;
	}
	root = yaml_document_get_root_node(&next);
	if (root != NULL)
		result = refuse(file, root, "file", "holds more than one document");
	yaml_document_delete(&next);
	return result;
}

int config_read_file(struct config *config, const char *path, char error[CONFIG_ERROR_TEXT])
{
	struct yaml_file file = { .config = config, .path = path, .error = error };
	FILE *stream = fopen(path, "re");
	yaml_parser_t parser;
	int result;

	if (stream == NULL) {
		(void)snprintf(error, CONFIG_ERROR_TEXT, "%s: %s", path, strerror(errno));
		return -EINVAL;
	}
	if (yaml_parser_initialize(&parser) == 0) {
		(void)fclose(stream);
		(void)snprintf(error, CONFIG_ERROR_TEXT, "%s: out of memory", path);
		return -ENOMEM;
	}
	yaml_parser_set_input_file(&parser, stream);
	if (yaml_parser_load(&parser, &file.document) == 0) {
		(void)snprintf(error, CONFIG_ERROR_TEXT, "%s:%u: %s", path,
			       (unsigned)parser.problem_mark.line + 1,
			       parser.problem != NULL ? parser.problem : "cannot be read");
		result = -EINVAL;
	} else {
		result = read_root(&file);
		yaml_document_delete(&file.document);
		if (result == 0)
			result = refuse_second_document(&file, &parser);
	}
	yaml_parser_delete(&parser);
	(void)fclose(stream);
	return result;
}
