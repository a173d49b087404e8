/* The subcommands: one cmd_<name>.c each. argv[0] is the subcommand's name; the return value is the process's exit code:
 * 0 fine, 1 something outside failed, 2 usage or configuration, 3 refused, 4 a file could not be read or written. */
#ifndef NHIP_COMMANDS_H
#define NHIP_COMMANDS_H

int cmd_run(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_publish(int argc, char **argv);
int cmd_stream(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_registry(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_archive(int argc, char **argv);
int cmd_promote(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_demo(int argc, char **argv);

#endif
