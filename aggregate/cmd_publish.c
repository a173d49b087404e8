/* `nhip publish`: the judgement of somebody on a release whose headlines jumped. */
#include "aggregate/commands.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/snapshot/staging.h"
#include "ingest/text_bytes.h"

static const char usage[] =
    "usage: nhip publish [--approve NAME | --reject NAME] [--by WHO --reason TEXT] [--dir DIR] [--config FILE]\n"
    "            [--set key=value]...\n"
    "\n"
    "With snapshot.judgement = on a release in which a headline moved further than its bound (`jump` in\n"
    "indicators.json) is not published: nhip snapshot stages it, under DIR/staged/. Without a verdict: lists\n"
    "what waits, and what moved.\n"
    "\n"
    "  --approve NAME  its bytes are held against their manifest, then it takes its place among the published\n"
    "                  ones, and LATEST names it. Refused when a later release of its period was published\n"
    "  --reject NAME   it is moved to DIR/rejected/; the same figures are not staged again\n"
    "  --by WHO        who judges; kept with the reason in DIR/judgements.ndjson\n"
    "  --reason TEXT   why\n"
    "  --dir DIR       where vintages are collected (setting snapshot.directory)\n"
    "\n"
    "Examples:\n"
    "  nhip publish --config nhip.conf\n"
    "  nhip publish --approve THDX_ADOPTION_M_2021-09_r2_20211005T170000Z --by lan --reason \"Shopee's September sale\"\n"
    "\n"
    "Exit codes: 0 listed, approved or rejected, 2 usage, 3 refused (not staged, overtaken, other bytes), 4 file error.\n";

struct request {
    const char *approve;
    const char *reject;
    const char *by;
    const char *reason;
    const char *directory;
};

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 'a') request->approve = argument;
    if (value == 'r') request->reject = argument;
    if (value == 'b') request->by = argument;
    if (value == 't') request->reason = argument;
    if (value == 'o') request->directory = argument;
    return true;
}

static bool check_request(const struct request *request, const struct command *command, struct fault *fault) {
    bool verdict = request->approve != NULL || request->reject != NULL;
    if (command->argument_count > 0)
        return fault_set(fault, STOP_USAGE, false, "unexpected argument \"%.60s\" (see nhip publish --help)",
                         command->arguments[0]);
    if (request->approve != NULL && request->reject != NULL)
        return fault_set(fault, STOP_USAGE, false, "--approve and --reject are two verdicts: give one");
    if (!verdict) return true;
    bool said = request->by != NULL && request->by[0] != '\0' && request->reason != NULL && request->reason[0] != '\0';
    if (!said) return fault_set(fault, STOP_USAGE, false, "a verdict needs --by WHO and --reason TEXT: both are kept with it");
    if (bytes_are_text(slice_of(request->by)) && bytes_are_text(slice_of(request->reason))) return true;
    return fault_set(fault, STOP_USAGE, false,
                     "--by or --reason is not UTF-8, as judgements.ndjson is: use a UTF-8 locale, or write ASCII");
}

static bool do_it(const struct request *request, const char *directory, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    const struct judgement_of_release judgement = {.name = request->approve != NULL ? request->approve : request->reject,
                                                   .by = request->by,
                                                   .reason = request->reason,
                                                   .at_ms = clock_wall_ms()};
    if (judgement.name == NULL) {
        if (staging_list(directory, stdout) == 0) (void)printf("nothing waits for a judgement in %s\n", directory);
        return true;
    }
    bool fine = request->approve != NULL ? staging_approve(directory, &judgement, path, fault)
                                         : staging_reject(directory, &judgement, path, fault);
    if (fine) (void)printf("%s\n", path);
    return fine;
}

int cmd_publish(int argc, char **argv) {
    static const struct option options[] = {
        {"approve", required_argument, NULL, 'a'}, {"reject", required_argument, NULL, 'r'}, {"by", required_argument, NULL, 'b'},
        {"reason", required_argument, NULL, 't'},  {"dir", required_argument, NULL, 'o'},    {0}};
    struct request request = {.approve = NULL};
    const struct command_options how = {
        .name = "publish", .usage = usage, .options = options, .option = on_option, .context = &request};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    const char *directory =
        request.directory != NULL ? request.directory : config_settings(command.config)->snapshot_directory;
    bool fine = check_request(&request, &command, &fault) && do_it(&request, directory, &fault);
    return command_end(&command, fine, &fault);
}
