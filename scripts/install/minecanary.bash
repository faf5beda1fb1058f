# bash completion for minecanary
_minecanary()
{
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	COMPREPLY=()
	case $previous in
	--classify) COMPREPLY=($(compgen -W 'all candidates off' -- "$word")); return ;;
	--redis-live) COMPREPLY=($(compgen -W 'off alerts all' -- "$word")); return ;;
	--hellos) COMPREPLY=($(compgen -W 'listed all' -- "$word")); return ;;
	--flow-format) COMPREPLY=($(compgen -W 'flat eve' -- "$word")); return ;;
	--log-level) COMPREPLY=($(compgen -W 'error warning info debug' -- "$word")); return ;;
	-i|--interface) COMPREPLY=($(compgen -W "$(command ls /sys/class/net)" -- "$word")); return ;;
	--print) COMPREPLY=($(compgen -W 'conf man completion' -- "$word")); return ;;
	esac
	case $word in
	-*) COMPREPLY=($(compgen -W '--config --check-config --print --help --version --read --interface --snaplen --buffer-size --promiscuous --shunt-bytes --in-order --workers --classify --classify-packets --classify-states --classify-deadline --classify-cpu --flows --idle-timeout --idle-timeout-tcp --closed-timeout --active-timeout --inspected-flows --message-memory --held-memory --max-alerts --max-sessions --max-labels --campaign-hosts --sensor-id --tap --lists --endpoints --default-lists --home-networks --nat-addresses --cloud --inventory --inventory-max --community-id-seed --redis --redis-password-file --redis-ca --redis-cert --redis-key --redis-prefix --redis-alert-maxlen --redis-flow-maxlen --redis-session-maxlen --redis-expire --redis-queue --state-dir --journal-size --redis-eve-list --redis-live --hellos --flow-format --json --null --stall-timeout --user --log-level --metrics --progress --deterministic' -- "$word")) ;;
	*) COMPREPLY=($(compgen -f -- "$word")) ;;
	esac
}
complete -o filenames -F _minecanary minecanary
