# fish completion for nufi. What can be typed is asked of nufi itself.
# Installed where fish looks, or for one shell:  nufi completion fish | source

function __nufi_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string unescape)
    # A quote that is still open can not be undone that way.
    test -n "$typed"; or set typed (commandline -ct | string replace -r '^["\']' '')
    set -l lines (command nufi __complete -- $words[2..] "$typed" 2>/dev/null)
    set -l first (string split \t -- $lines[1])
    switch "$first[1]"
        case words
            for line in $lines[2..]
                echo -- $first[2]$line
            end
        case files
            # As fish does it for any command, ~ and open quotes with it, when the word is all path.
            test -z "$first[2]"; and complete -C "'' "(commandline -ct); and return
            for line in (__fish_complete_path (string replace -- "$first[2]" '' "$typed"))
                echo -- $first[2]$line
            end
        case variables
            for name in (set -nx)
                echo -- $first[2]$name
            end
        case command
            # The words of the other command, without those of nufi.
            set -l rest $words[(math $first[2] + 2)..]
            complete -C (string join ' ' -- (string escape -- $rest) (commandline -ct))
    end
end

complete -c nufi -f -a '(__nufi_complete)' -k
