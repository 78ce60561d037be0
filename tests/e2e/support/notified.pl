# What a service tells systemd: each message on a line, its own lines joined by blanks.
#   perl notified.pl PATH
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket;

my $socket = IO::Socket::UNIX->new(Local => $ARGV[0], Type => SOCK_DGRAM) or die "$ARGV[0]: $!\n";
$| = 1;
print "listening\n";
while (defined $socket->recv(my $message, 4096)) {
  print join(' ', split(/\n/, $message)), "\n";
}
