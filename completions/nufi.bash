# bash completion for nufi. What can be typed is asked of nufi itself.
# Installed where bash-completion looks, or for one shell:  source <(nufi completion bash)

# What comes from the shell itself: $1 is a compgen action, $2 the word so far.
_nufi_from_shell() {
  local IFS=$'\n'
  # Readline completes files itself, with quotes and ~; older shells and scripts cannot ask it to.
  [[ $1 == file ]] && compopt -o default 2>/dev/null && return
  COMPREPLY=($(compgen -A "$1" -- "$2"))
}

# Completes the command that `nufi run` is given, after $1 words of nufi's own; $2 is the word so far.
_nufi_other_command() {
  local rest=$COMP_LINE words=0 i
  for ((i = 0; i < COMP_CWORD && words <= $1; i++)); do
    rest=${rest#"${COMP_WORDS[i]}"}
    [[ $rest == [[:space:]]* ]] && ((words++))
    rest=${rest#"${rest%%[![:space:]]*}"}
  done
  if declare -F _command_offset >/dev/null; then
    _command_offset "$i"
  elif ((i == COMP_CWORD)); then
    _nufi_from_shell command "$2"
  else
    _nufi_from_shell file "$2"
  fi
}

_nufi() {
  local nufi line source='' extra=''
  nufi=$(type -P -- "${1/#\~\//$HOME/}") || nufi=nufi
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $source ]]; then
      source=${line%%$'\t'*} extra=${line#*$'\t'}
    else
      COMPREPLY+=("$line")
    fi
  done < <(command "$nufi" __complete --bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
  case $source in
    files) _nufi_from_shell file "$2" ;;
    variables) _nufi_from_shell export "$2" ;;
    command) _nufi_other_command "$extra" "$2" ;;
  esac
}

complete -F _nufi nufi
