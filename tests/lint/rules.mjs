// The walls of the house as data: who may include whom, and which words belong to which files.

/// Room → the rooms of ours it may include (ARCHITECTURE.md, "Who may know whom").
export const rooms = {
  'lib/base': [],
  'lib/domain': ['lib/base'],
  'lib/openai': ['lib/base', 'lib/domain'],
  'lib/store': ['lib/base', 'lib/domain'],
  'lib/ledger': ['lib/base', 'lib/domain', 'lib/store'],
  'lib/net': ['lib/base'],
  'lib/gateway': ['lib/base', 'lib/domain', 'lib/openai', 'lib/ledger', 'lib/net'],
  'lib/service': ['lib/base', 'lib/domain', 'lib/store', 'lib/ledger'],
  'lib/api': ['lib/base', 'lib/domain'],
  cli: ['lib/base', 'lib/domain', 'lib/api'],
  daemon: [
    'lib/base',
    'lib/domain',
    'lib/openai',
    'lib/store',
    'lib/ledger',
    'lib/net',
    'lib/gateway',
    'lib/service',
    'lib/api',
  ],
};

/// Package → what its includes look like, and the files that may have them. tests/ may use all.
export const packages = [
  {
    name: 'httplib',
    include: /^httplib\.h$/,
    files: /^(daemon\/(control_server|demo)[^/]*|lib\/api\/client|lib\/service\/[^/]*probe[^/]*)\.[ch]pp$/,
  },
  { name: 'Boost', include: /^boost\//, files: /^lib\/net\// },
  { name: 'SQLite', include: /^(sqlite3\.h$|SQLiteCpp\/)/, files: /^lib\/store\/sqlite\// },
  { name: 'nlohmann', include: /^nlohmann\//, files: /^(lib\/api|lib\/store\/sqlite|cli|daemon)\// },
  { name: 'simdjson', include: /^simdjson/, files: /^lib\/openai\// },
  { name: 'OpenSSL', include: /^openssl\//, files: /^lib\/(base|net)\/|^lib\/service\/probe_client\.cpp$/ },
  { name: 'spdlog', include: /^spdlog\//, files: /^lib\/base\/log\.cpp$/ },
  { name: 'zlib', include: /^zlib\.h$/, files: /^lib\/base\/inflate\.cpp$/ },
  { name: 'CLI11', include: /^CLI\//, files: /^(cli|daemon)\// },
  { name: 'date', include: /^date\//, files: /^lib\/base\// },
  {
    name: 'files, threads or clocks',
    include:
      /^(fstream|filesystem|iostream|thread|mutex|shared_mutex|condition_variable|future|sys\/(stat|socket|file|time)\.h|unistd\.h|fcntl\.h|ctime|time\.h)$/,
    files: /^(?!lib\/domain\/)/,
  },
  {
    name: 'threads',
    include: /^(thread|mutex|shared_mutex|condition_variable|future)$/,
    files: /^(?!lib\/openai\/)/,
  },
];

/// Words in code (not in comments or strings) and the files that may say them.
export const words = [
  {
    name: 'the environment outside the main and config files',
    pattern: /\b(secure_getenv|getenv|setenv|putenv|unsetenv|environ)\b/,
    files: /^(daemon|cli)\/(main|config)\.[ch]pp$|^tests\//,
  },
  {
    name: 'now() outside clock',
    pattern:
      /\b(system_clock|high_resolution_clock|utc_clock|file_clock)::now\b|\b(clock_gettime|gettimeofday)\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)/,
    files: /^lib\/base\/clock\.[ch]pp$|^tests\//,
  },
  {
    name: 'a sleep in a test: wait for a condition with a deadline',
    pattern: /\b(sleep_for|sleep_until|usleep|nanosleep)\b/,
    files: /^(?!tests\/(lib|daemon|cli|store_contract)\/)/,
  },
  // Socket timers run on asio's steady_clock itself: there, and nowhere else, deadlines are made of it.
  {
    name: 'now() outside clock',
    pattern: /\bsteady_clock::now\b/,
    files: /^lib\/base\/clock\.[ch]pp$|^lib\/net\/|^tests\//,
  },
  { name: 'a detached thread', pattern: /[.>]detach\(\)/, files: /^$/ },
];

export const longest = 500;
