/* The live page: three files of aggregate/http/page/, which the assembler puts into the program as they are, so that they can be
 * written and read as what they are and nobody who builds needs a tool for it. */
#include "aggregate/http/routes.h"

#include <string.h>

#define EMBED(name, path)                                                                                                \
    __asm__(".pushsection .rodata\n" #name ":\n.incbin \"" path "\"\n" #name "_end:\n.popsection\n");                     \
    extern const char name[], name##_end[]

EMBED(nhip_page_html, "aggregate/http/page/live.html");
EMBED(nhip_page_css, "aggregate/http/page/live.css");
EMBED(nhip_page_js, "aggregate/http/page/live.js");
EMBED(nhip_page_svg, "aggregate/http/page/live.svg");

static const struct {
    const char *path, *content_type, *first, *end;
} files[] = {
    {"/", "text/html; charset=utf-8", nhip_page_html, nhip_page_html_end},
    {"/live.css", "text/css; charset=utf-8", nhip_page_css, nhip_page_css_end},
    {"/live.js", "text/javascript; charset=utf-8", nhip_page_js, nhip_page_js_end},
    {"/live.svg", "image/svg+xml", nhip_page_svg, nhip_page_svg_end},
};

bool page_answer(const char *path, struct http_answer *answer) {
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(files[i].path, path) != 0) continue;
        answer->content_type = files[i].content_type;
        answer->policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
                         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        answer->tagged = true;
        (void)fwrite(files[i].first, 1, (size_t)(files[i].end - files[i].first), answer->out);
        return true;
    }
    return false;
}
