# One operation on an FTP server with Perl's own Net::FTP: net_ftp_client.pl OPERATION [ARGUMENT...].
use strict;
use warnings;
use Net::FTP;

my $security = $ENV{DOOR_SECURITY};
my $ftp = Net::FTP->new(
    $ENV{DOOR_HOST},
    Port => $ENV{DOOR_PORT},
    Passive => !$ENV{DOOR_ACTIVE},
    Timeout => 40,
    SSL => $security eq 'implicit',
    SSL_ca_file => $ENV{DOOR_CERTIFICATE},
) or die "cannot connect: $@\n";

sub check {
    my ($done) = @_;
    die 'failed: ', $ftp->message unless defined $done && $done ne '';
    return $done;
}

sub upload_all {
    my ($local, $remote) = @_;
    opendir(my $folder, $local) or die $!;
    for my $name (grep { -f "$local/$_" } readdir $folder) {
        check($ftp->put("$local/$name", "$remote/$name"));
    }
    return 1;
}

sub download_all {
    my ($remote, $local) = @_;
    check($ftp->cwd($remote));
    check($ftp->get($_, "$local/$_")) for $ftp->ls;
    return 1;
}

sub resume_upload {
    my ($local, $remote) = @_;
    my $there = check($ftp->size($remote));
    open(my $source, '<:raw', $local) or die $!;
    seek($source, $there, 0) or die $!;
    $ftp->restart($there);
    return $ftp->put($source, $remote);
}

sub names {
    my ($folder) = @_;
    print map { s{.*/}{}r . "\n" } $ftp->ls($folder);
    return $ftp->ok;
}

my %operations = (
    upload => sub { $ftp->put(@_) },
    download => sub { $ftp->get(@_) },
    resume_upload => \&resume_upload,
    resume_download => sub { my ($remote, $local) = @_; $ftp->get($remote, $local, -s $local) },
    upload_all => \&upload_all,
    download_all => \&download_all,
    names => \&names,
    rename => sub { $ftp->rename(@_) },
    remove => sub { $ftp->delete(@_) },
    make_folder => sub { $ftp->mkdir(@_) },
    remove_folder => sub { $ftp->rmdir(@_) },
    set_time => sub { my ($path, $time) = @_; $ftp->quot('MFMT', "$time $path") == 2 },
);

check($ftp->starttls) if $security eq 'explicit';
check($ftp->login($ENV{DOOR_USER}, $ENV{DOOR_PASSWORD}));
check($ftp->binary);
my ($operation, @arguments) = @ARGV;
check($operations{$operation}->(@arguments));
$ftp->quit;
