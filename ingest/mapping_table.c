/* Open addressing, half full at most. Tables of mappings have from two to some hundred words and are made once, from a file
 * of the operator's; a look-up is a hash of the text's ends, most often one comparison, and no branch that depends on how many
 * words there are. What messages hold cannot make it longer than the longest run of words in the table. */
#include "ingest/mapping_table.h"

#include "check.h"

#include <stdlib.h>

static struct word *slot_of(const struct word_table *table, struct slice text, struct text_ends ends) {
    uint32_t at = text_ends_hash(ends, text.length) & table->mask;
    const struct word *words = table->words;
    while (words[at].text.data != NULL && !text_is(words[at].text, words[at].ends, text, ends)) at = (at + 1) & table->mask;
    return (struct word *)(uintptr_t)&words[at];
}

struct word_table *word_table_create(size_t capacity) {
    size_t size = 2;
    while (size < capacity * 2) size *= 2;
    struct word_table *table = calloc(1, sizeof(*table) + size * sizeof(table->words[0]));
    if (table != NULL) table->mask = (uint32_t)(size - 1);
    return table;
}

struct word *word_table_add(struct word_table *table, struct slice text) {
    struct text_ends ends = text_ends_of(text);
    struct word *word = slot_of(table, text, ends);
    if (word->text.data == NULL) {
        CHECK(table->count * 2 <= table->mask);
        table->count++;
        word->text = text;
        word->ends = ends;
    }
    return word;
}

const struct word *word_table_find(const struct word_table *table, struct slice text) {
    const struct word *word = slot_of(table, text, text_ends_of(text));
    return word->text.data != NULL ? word : NULL;
}
