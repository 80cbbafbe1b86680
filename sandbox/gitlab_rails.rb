# SPDX-License-Identifier: GPL-3.0-or-later
# What GitLab's own classes look like to a runner snippet, over HTTP to the sandbox. Only what an
# administrator needs around Duo Self-Hosted is here: any other name fails as a wrong one does.
# Started by gitlab_rails.py, with the snippet as its argument.

require "json"
require "net/http"

module StandIn
  ADDRESS = URI(ENV.fetch("GITLAB_SANDBOX_URL"))

  def self.call(name, **arguments)
    # Without a proxy, whatever the environment says: the sandbox is on this machine.
    http = Net::HTTP.new(ADDRESS.host, ADDRESS.port, nil)
    headers = { "content-type" => "application/json" }
    answer = http.post("/_sandbox/rails/#{name}", { run: @run, **arguments }.to_json, headers)
    body = JSON.parse(answer.body)
    return body["result"] if answer.is_a?(Net::HTTPOK)

    raise Object.const_get(body.fetch("exception")), body["message"]
  end

  def self.start
    @boot = call("start")
    @run = @boot["run"]
  end

  def self.has?(part) = @boot.fetch(part)
end

module ActiveModel
  class UnknownAttributeError < NoMethodError; end
end

module ActiveRecord
  class ActiveRecordError < StandardError; end
  class RecordNotFound < ActiveRecordError; end
  class RecordInvalid < ActiveRecordError; end
  class StatementInvalid < ActiveRecordError; end
  class RecordNotUnique < StatementInvalid; end

  # A row with its columns as methods, and nothing else.
  class Base
    def initialize(columns)
      @columns = columns
      columns.each_key { |name| define_singleton_method(name) { @columns[name] } }
    end
  end
end

class ServiceResponse
  attr_reader :status, :message, :payload

  def initialize(status: :success, message: nil, payload: {})
    @status, @message, @payload = status, message, payload
  end

  def success? = status == :success
  def error? = status == :error
end

class User < ActiveRecord::Base
  def self.find_by!(**conditions) = new(StandIn.call("find_user", conditions: conditions))
end

StandIn.start

if StandIn.has?("enterprise")
  module Gitlab
    class SeatLinkData
      def initialize(refresh_token: false) = @refresh_token = refresh_token
      def sync = StandIn.call("sync")
    end
  end

  module Ai
    class TestingTermsAcceptance < ActiveRecord::Base
      def self.rows(**conditions) = StandIn.call("acceptances", conditions: conditions)
      private_class_method :rows

      def self.has_accepted? = rows.any?
      def self.exists?(**conditions) = rows(**conditions).any?
      def self.all = rows.map { |row| new(row) }

      def self.pluck(*columns)
        StandIn.call("check_columns", columns: columns)
        rows.map { |row| columns.size == 1 ? row[columns[0].to_s] : row.values_at(*columns.map(&:to_s)) }
      end
    end

    module SelfHostedModels
      module TestingTermsAcceptance
        class CreateService
          def initialize(user) = @user = user

          def execute
            StandIn.call("accept", user_id: @user.id)
            ServiceResponse.new
          end
        end

        class DestroyService
          def initialize(acceptance) = @acceptance = acceptance

          def execute
            StandIn.call("withdraw", user_id: @acceptance.user_id)
            ServiceResponse.new
          end
        end
      end
    end

    if StandIn.has?("ai_setting")
      class Setting < ActiveRecord::Base
        def self.instance = new(StandIn.call("setting"))

        def update!(attributes)
          initialize(StandIn.call("update_setting", attributes: attributes))
          true
        end
      end
    end
  end
end

begin
  eval(ARGV.fetch(0), TOPLEVEL_BINDING, "(runner)", 1)
rescue SyntaxError, NameError => error
  warn "Please specify a valid ruby command or the path of a script to run.", ""
  warn error.message
  exit 1
rescue StandardError => error
  warn "#{error.class}: #{error.message}"
  error.backtrace.each { |line| warn "\tfrom #{line}" }
  exit 1
end
