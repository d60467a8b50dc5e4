# Prints what zsh offers to complete, a line for each. Arguments: the folder with _dps-agent, and what is typed.
# A real line editor runs on a pseudo terminal; compadd is wrapped, since zsh has no other way to be asked.
zmodload zsh/zpty || exit 1

inside=$1/.zshrc
cat > $inside <<'RC'
PROMPT= RPROMPT=
fpath=($ZDOTDIR $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
  local -a kept
  if [[ ${@[(I)-[OAD]*]} -ne 0 ]]; then builtin compadd "$@"; return; fi
  builtin compadd -O kept "$@"
  (( $#kept )) && print -rl -- OFFER:${^kept}
  builtin compadd "$@"
}
offers() { print; _main_complete; print OVER; compstate[list]= compstate[insert]=; }
zle -C offers complete-word offers
bindkey '^I' offers
print READY
RC

export ZDOTDIR=$1
zpty offers 'zsh -i -d'
until_line() { local all= part; until [[ $all == *$1* ]]; do zpty -r offers part || exit 1; all+=$part; done; print -r -- $all; }
until_line READY >/dev/null
zpty -w -n offers "$2"$'\t'
heard=$(until_line OVER)
zpty -d offers
for line in ${(f)heard}; do
  [[ $line == OFFER:* ]] && print -r -- ${${line#OFFER:}%$'\r'}
done
exit 0
