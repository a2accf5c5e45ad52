#include <fmt/format.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "app/house.hpp"
#include "app/options.hpp"
#include "base/log.hpp"
#include "watch/crash/crash_handler.hpp"

namespace atelier::app {

int run_serve(const Arguments& arguments) {
  auto settings = load_settings(arguments);
  if (!settings) return complain(settings.error());
  auto address = parse_listen_address(settings->get(kListen));
  if (!address) return complain(address.error());

  // Blocked before the first thread starts, so that all inherit it and only the wait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  auto house = House::open(*settings);
  if (!house) return complain(house.error());
  watch::install_crash_handler((*house)->folder().path());
  auto port = (*house)->listen(*address);
  if (!port) return complain(port.error());
  const bool is_ipv6 = address->host.find(':') != std::string::npos;
  std::puts(fmt::format("Atelier is at {}://{}:{}", settings->get(kCertificate).empty() ? "http" : "https",
                        is_ipv6 ? "[" + address->host + "]" : address->host, *port)
                .c_str());
  std::fflush(stdout);
  log::info("serving", {{"address", address->host}, {"port", *port}, {"data_dir", (*house)->folder().path()}});

  int signal_number = 0;
  for (;;) {
    sigwait(&signals, &signal_number);
    if (signal_number != SIGHUP) break;
    if (auto reloaded = (*house)->reload_certificate(); !reloaded)
      log::warn("the new certificate cannot be used, and the old one stays", {{"error", reloaded.error().describe()}});
  }
  log::info("stopping", {{"signal", signal_number}});
  (*house)->close();
  log::info("stopped");
  log::flush();
  return kSuccess;
}

}  // namespace atelier::app
