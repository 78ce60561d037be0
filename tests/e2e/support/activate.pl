# Becomes a program that is handed listening sockets as systemd does it: inference and console on
# free ports of ADDRESS, control at PATH.   perl activate.pl ADDRESS PATH COMMAND…
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

my ($address, $path, @command) = @ARGV;
$^F = 1000;    # what is opened survives exec
my @doors = (
  (map { IO::Socket::INET->new(LocalAddr => $address, LocalPort => 0, Listen => 64) } 1 .. 2),
  IO::Socket::UNIX->new(Local => $path, Listen => 64),
);
# Out of the way first: one may be where another has to go.
my $first_free = 100;
POSIX::dup2(fileno($doors[$_]), $first_free + $_) for 0 .. 2;
POSIX::dup2($first_free + $_, 3 + $_) for 0 .. 2;
POSIX::close($first_free + $_) for 0 .. 2;
@ENV{qw(LISTEN_FDS LISTEN_PID LISTEN_FDNAMES)} = (3, $$, 'nufid.socket:nufid.socket:nufid.socket');
exec @command or die "can't become $command[0]: $!\n";
