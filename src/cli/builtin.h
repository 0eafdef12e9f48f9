// The commands of tokometer: one function a file, listed in builtin.cc in the
// order in which help shows them.
#pragma once

#include "cli/command.h"

namespace tokometer::cli {

// "tokometer" itself, with all of these as its subcommands.
Command program();

Command proxy_command();       // proxy.cc
Command run_command();         // run_program.cc
Command up_command();          // up.cc
Command down_command();        // down.cc
Command restart_command();     // down.cc
Command status_command();      // status.cc
Command open_command();        // open.cc
Command logs_command();        // logs.cc
Command service_command();     // service.cc
Command install_command();     // install.cc
Command uninstall_command();   // install.cc
Command shell_init_command();  // shell_init.cc
Command env_command();         // shell_init.cc
Command ca_command();          // ca.cc
Command doctor_command();      // doctor.cc
Command demo_command();        // demo.cc
Command events_command();      // events.cc
Command event_command();       // events.cc
Command report_command();      // report.cc
Command limits_command();      // limits.cc
Command store_command();       // store.cc
Command reprice_command();     // reprice.cc
Command config_command();      // config.cc
Command reload_command();      // reload.cc
Command meter_command();       // meter.cc
Command import_command();      // import.cc
Command count_command();       // count.cc
Command prices_command();      // prices.cc
Command providers_command();   // providers.cc
Command completion_command();  // completion.cc
Command man_command();         // man.cc
Command help_command();        // help.cc
Command version_command();     // version.cc

}  // namespace tokometer::cli
