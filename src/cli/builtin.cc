#include "cli/builtin.h"

namespace tokometer::cli {

Command program() {
  return {.name = "tokometer",
          .summary = "Measures every token between software and LLM providers",
          .description =
              "Point a client's base URL at the proxy; each call's tokens, speed and cost are shown as it "
              "ends and recorded for reports.",
          .examples = {{"tokometer proxy", "Serve on 127.0.0.1:4141 and print each call"},
                       {"tokometer report daily", "What was used, day by day"}},
          // In the order in which help shows them.
          .subcommands = {
              proxy_command(),     run_command(),        up_command(),      down_command(),    restart_command(),
              status_command(),    open_command(),       logs_command(),    service_command(), install_command(),
              uninstall_command(), shell_init_command(), env_command(),     ca_command(),      doctor_command(),
              demo_command(),      events_command(),     event_command(),   report_command(),  limits_command(),
              store_command(),     reprice_command(),    meter_command(),   import_command(),  count_command(),
              providers_command(), prices_command(),     config_command(),  reload_command(),  completion_command(),
              man_command(),       help_command(),       version_command(),
          }};
}

}  // namespace tokometer::cli
