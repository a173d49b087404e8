# Completion of nhip for bash. What there is, nhip itself says (help, config --list), so this file cannot lag behind it.
# `make install` puts it where bash-completion looks; without that package: `. ops/completion/nhip.bash`.

_nhip_commands() { "$1" help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p'; }
_nhip_options() { "$1" help "$2" 2>/dev/null | grep -oE -- '(^|[^a-z-])--[a-z][a-z-]*' | sed 's/^[^-]*//' | sort -u; }
_nhip_settings() { "$1" config --list 2>/dev/null | sed -n 's/^  \([a-z][a-z._]*[a-z]\) .*/\1=/p'; }

_nhip() {
    local program=$1 word=$2 before=$3 command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_nhip_commands "$program") help --help --version" -- "$word")
        return
    fi
    case $before in
    --set)
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -W "$(_nhip_settings "$program") kafka." -- "$word")
        ;;
    --to | --from | --dir | --logs | --check | --archive | --until) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    help) mapfile -t COMPREPLY < <(compgen -W "$(_nhip_commands "$program")" -- "$word") ;;
    *)
        case $word in
        -*) mapfile -t COMPREPLY < <(compgen -W "$(_nhip_options "$program" "$command") --help" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        esac
        ;;
    esac
}
complete -o filenames -F _nhip nhip
